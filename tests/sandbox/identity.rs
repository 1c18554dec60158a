//! Who the model is in its machine, and who nobody else is.

use offswitch::evidence::Login;
use offswitch::sandbox::Users;

use super::guest::{Guest, Lab, Test, inside, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        inside(
            "a command is of the model's user, without a capability",
            identity,
        ),
        inside("the environment is exactly the machine's own", environment),
        inside("groups of the host user give nothing", groups),
        inside("system files look like root's", owners),
        inside("set-uid programs gain nothing", set_uid),
        test("no two machines have a host id in common", host_ids),
    ]
}

async fn identity(m: &Guest) {
    let (name, number) = m.login();
    let id = format!("uid={number}({name}) gid={number}({name}) groups={number}({name})");
    m.prints("id", &id).await;
    let place = format!("{name}\nworkstation\n/home/user");
    m.prints("whoami; hostname; pwd", &place).await;
    let status = "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status | tr -s '\\t' ' '";
    let zero = "0000000000000000";
    let capabilities = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
        .map(|name| format!("{name}: {zero}\n"))
        .concat();
    m.prints(status, &format!("{capabilities}NoNewPrivs: 1\nSeccomp: 2"))
        .await;
}

async fn environment(m: &Guest) {
    let (name, _) = m.login();
    let path = match m.lab.login {
        Login::User => "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games",
        Login::Root => "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    };
    let expected = format!(
        "\
HOME=/home/user
LOGNAME={name}
PATH={path}
PWD=/home/user
SHELL=/bin/bash
SHLVL=0
TERM=dumb
USER={name}"
    );
    m.prints("exec env | LC_ALL=C sort", &expected).await;
}

async fn groups(m: &Guest) {
    let groups = m.output("grep ^Groups: /proc/self/status").await;
    let ids: Vec<&str> = groups.split_whitespace().skip(1).collect();
    // A host user who may not leave groups keeps them, as ids that are nobody's inside.
    let own = m.login().1.to_string();
    let is_nothing = |id: &&str| **id == own || *id == "65534" && m.users == Users::One;
    assert!(ids.iter().all(is_nothing), "{groups}");
    m.refuses("cat /proc/1/environ", "Permission denied").await;
}

async fn owners(m: &Guest) {
    m.prints(
        "stat -c %U /usr /usr/bin/env /proc/1/environ | sort -u",
        "root",
    )
    .await;
    // With one user, the machine's own few directories are that one's, and cannot be written.
    let owner = match m.users {
        Users::Two => "root",
        Users::One => m.login().0,
    };
    let own = "stat -c '%U %a' /etc/passwd /root /tmp";
    m.prints(own, &format!("{owner} 644\n{owner} 755\n{owner} 1777"))
        .await;
    m.refuses("touch /root/new", "").await;
}

async fn set_uid(m: &Guest) {
    m.refuses("echo x | su -c id root", "").await;
    m.prints(
        "cp /usr/bin/id . && chmod 6755 id && ./id -u; rm id",
        &m.login().1.to_string(),
    )
    .await;
    m.refuses("cp /usr/bin/id . && setcap cap_kill+ep id", "")
        .await;
}

async fn host_ids(lab: Lab) {
    let (one, other) = (lab.boot().await, lab.boot().await);
    let ids = |map: String| -> Vec<String> {
        let fields = map
            .lines()
            .filter_map(|line| line.split_whitespace().nth(1));
        fields.map(str::to_owned).collect()
    };
    for map in ["cat /proc/self/uid_map", "cat /proc/self/gid_map"] {
        let (ours, theirs) = (ids(one.output(map).await), ids(other.output(map).await));
        let shared = ours.iter().any(|id| theirs.contains(id));
        // An ordinary user without a range of ids has one for all.
        assert_eq!(shared, lab.host.users == Users::One, "{ours:?} {theirs:?}");
    }
    one.machine.destroy().await;
    other.machine.destroy().await;
}
