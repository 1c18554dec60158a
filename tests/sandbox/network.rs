//! Sockets: a machine is alone.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use super::guest::{Guest, Lab, Needs, Test, inside, test};

const PERL: &str = "/usr/bin/perl";

pub(crate) fn tests() -> Vec<Test> {
    vec![
        inside(
            "the loopback interface is up and there is no other",
            loopback,
        ),
        inside(
            "nothing outside answers, and no name waits for an answer",
            outside,
        ),
        test("a port of the host's loopback is out of reach", host_port),
        test(
            "an abstract socket of the host is out of reach",
            host_abstract,
        )
        .needs(Needs::Program(PERL)),
        test("two machines cannot meet", two_machines).needs(Needs::Program(PERL)),
    ]
}

async fn loopback(m: &Guest) {
    m.prints("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '", "lo")
        .await;
    m.prints("tail -n +2 /proc/net/route | wc -l", "0").await;
    m.prints(
        "getent hosts localhost workstation | tr -s ' '",
        "::1 localhost\n127.0.1.1 workstation",
    )
    .await;
}

async fn outside(m: &Guest) {
    for address in [
        "1.1.1.1/53",
        "8.8.8.8/443",
        "169.254.169.254/80",
        "10.0.0.1/22",
    ] {
        m.refuses(&format!("echo x > /dev/tcp/{address}"), "unreachable")
            .await;
    }
    m.refuses("getent hosts example.org", "").await;
}

/// Connects to a socket of this address; what fails is told by the error number.
fn connect(family: i32, address: &str) -> String {
    format!(
        "perl -e 'use Socket; socket(my $s, {family}, SOCK_STREAM, 0) or die; print connect($s, {address}) ? 0 : $!+0'"
    )
}

async fn host_port(lab: Lab) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let m = lab.boot().await;
    m.refuses(&format!("echo x > /dev/tcp/127.0.0.1/{port}"), "refused")
        .await;
    m.machine.destroy().await;
}

async fn host_abstract(lab: Lab) {
    let name = format!("nobody-inside-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _listener = UnixListener::bind_addr(&address).unwrap();
    let m = lab.boot().await;
    m.prints(
        &connect(libc::AF_UNIX, &format!("pack(\"Sa*\", 1, \"\\0{name}\")")),
        &libc::ECONNREFUSED.to_string(),
    )
    .await;
    m.machine.destroy().await;
}

async fn two_machines(lab: Lab) {
    let (one, other) = (lab.boot().await, lab.boot().await);
    let serve = "perl -e 'use Socket; socket(my $s, AF_UNIX, SOCK_STREAM, 0); \
        bind($s, pack(\"Sa*\", 1, \"\\0meeting\")) or die; listen($s, 1); \
        socket(my $t, AF_INET, SOCK_STREAM, 0); \
        bind($t, sockaddr_in(7777, INADDR_LOOPBACK)) or die; listen($t, 1); \
        open(F, \">\", \"/dev/shm/up\"); sleep 1000' & until [ -e /dev/shm/up ]; do sleep 0.01; done";
    one.output(serve).await;
    let by_name = connect(libc::AF_UNIX, "pack(\"Sa*\", 1, \"\\0meeting\")");
    let by_port = connect(libc::AF_INET, "sockaddr_in(7777, INADDR_LOOPBACK)");
    let refused = libc::ECONNREFUSED.to_string();
    for command in [&by_name, &by_port] {
        one.prints(command, "0").await;
        other.prints(command, &refused).await;
    }
    one.output("touch /tmp/x /var/tmp/x ~/x").await;
    other
        .prints(
            "ls /tmp /var/tmp /dev/shm ~",
            "/dev/shm:\n\n/home/user:\n\n/tmp:\n\n/var/tmp:",
        )
        .await;
    one.machine.destroy().await;
    other.still_works().await;
    other.machine.destroy().await;
}
