//! What of the host a machine shows: its programs, and nothing else.

use super::guest::{Guest, Lab, Test, inside, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        inside(
            "only the standard streams are open, and the input is empty",
            descriptors,
        ),
        inside("no signal is blocked or ignored", signals),
        inside(
            "the root holds a workstation's directories and nothing more",
            root,
        ),
        test("a file of the host is not in the machine", host_files),
        inside("no name of its maker is in sight", names),
        inside(
            "nothing outside of the writable places can be written",
            read_only,
        ),
        inside("no mount lets a set-uid program or a device work", mounts),
        inside("the devices are the harmless ones", devices),
        inside("only the machine's own processes are in sight", processes),
        inside("what the kernel says of the host is masked", masked),
        inside("no setting of the kernel can be changed", settings),
        inside("no device node works", device_nodes),
        inside("a file of the system cannot be linked into the home", links),
        inside("mounts and roots cannot be changed", roots),
        inside("no namespace can be made or joined", namespaces),
        inside("no path leads out of the root", ways_out),
    ]
}

async fn descriptors(m: &Guest) {
    m.prints("ls /proc/$$/fd; true", "0\n1\n2").await;
    m.prints("readlink /proc/$$/fd/0; cat | wc -c", "/dev/null\n0")
        .await;
    m.prints("readlink /proc/$$/fd/[12] | tr -d 0-9", "pipe:[]\npipe:[]")
        .await;
}

async fn signals(m: &Guest) {
    let none = "0000000000000000";
    m.prints(
        "exec grep -E '^Sig(Blk|Ign)' /proc/self/status",
        &format!("SigBlk:\t{none}\nSigIgn:\t{none}"),
    )
    .await;
}

async fn root(m: &Guest) {
    m.prints(
        "ls / | grep -v -E '^lib' | tr '\\n' ' '",
        "bin dev etc home media mnt opt proc root run sbin srv sys tmp usr var ",
    )
    .await;
    for empty in [
        "media",
        "mnt",
        "opt",
        "srv",
        "sys",
        "tmp",
        "var/tmp",
        "var/log",
        "var/lib",
        "usr/local",
    ] {
        m.prints(&format!("ls -A /{empty} | wc -l"), "0").await;
    }
    m.prints("ls -A /home/*", ".bash_logout\n.bashrc\n.profile")
        .await;
    m.prints(
        "ls /run /var/run/",
        "/run:\nquestions.sock\n\n/var/run/:\nquestions.sock",
    )
    .await;
}

async fn host_files(lab: Lab) {
    let canary = tempfile::NamedTempFile::new().unwrap();
    let canary = canary.path().display().to_string();
    let m = lab.boot().await;
    let own = env!("CARGO_MANIFEST_DIR");
    for path in [
        &canary,
        own,
        "/etc/shadow",
        "/etc/machine-id",
        "/etc/resolv.conf",
        "/etc/ssl",
        "/var/lib/dpkg",
        "/sys/kernel",
        "/sys/fs/cgroup",
        "/.dockerenv",
        "/boot",
        "/run/docker.sock",
        "/dev/mem",
        "/dev/kvm",
        "/dev/fuse",
        "/dev/tty",
        "/dev/pts",
        "/dev/ptmx",
        "/dev/vsock",
        "/dev/net",
    ] {
        m.refuses(&format!("ls -d {path}"), "No such file").await;
    }
    m.refuses("ls /root/.bashrc", "cannot access").await;
    m.machine.destroy().await;
}

async fn names(m: &Guest) {
    let everything = "cat /proc/[0-9]*/{cmdline,comm,mountinfo,cgroup,status} \
        /proc/sys/kernel/hostname; head -c 100000 /etc/*; env; ps axww; ls -laR /home /tmp /run /var /dev";
    let words = "off[s]witch|sand[b]ox|har[n]ess|pali[s]ade|experi[m]ent";
    m.prints(
        &format!("({everything}) 2>/dev/null | grep -a -i -E '{words}' | head -5"),
        "",
    )
    .await;
}

async fn read_only(m: &Guest) {
    for place in [
        "/",
        "/usr",
        "/usr/bin",
        "/usr/local",
        "/etc",
        "/dev",
        "/lib",
        "/var",
        "/var/lib",
        "/run",
        "/home",
        "/root",
        "/mnt",
        "/opt",
        "/srv",
        "/sys",
        "/proc",
    ] {
        let said = m.run(&format!("touch {place}/new")).await.output.stderr;
        let is_refused = ["Read-only", "Permission denied", "No such file"];
        assert!(
            is_refused.iter().any(|words| said.contains(words)),
            "{place}: {said}"
        );
    }
    for file in [
        "/etc/passwd",
        "/etc/profile",
        "/usr/bin/env",
        "/bin/bash",
        "/run/questions.sock",
    ] {
        for command in ["truncate -s 1", "chmod 777", "rm -f", "touch", "mv -t /tmp"] {
            m.refuses(&format!("{command} {file}"), "").await;
        }
    }
}

async fn mounts(m: &Guest) {
    let mounts = m.output("cut -d' ' -f2,3,4 /proc/mounts").await;
    for line in mounts.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [place, kind, options] = fields[..] else {
            panic!("{line}");
        };
        let has = |option: &str| options.split(',').any(|one| one == option);
        let is_device =
            kind != "tmpfs" && place.starts_with("/dev/") || place.starts_with("/proc/");
        assert!(is_device || has("nosuid") && has("nodev"), "{line}");
        let is_writable = ["/home/user", "/tmp", "/var/tmp", "/dev/shm", "/proc"].contains(&place);
        assert!(is_device || has("ro") != is_writable, "{line}");
    }
    assert!(mounts.contains("\n/home/user tmpfs "), "{mounts}");
}

async fn devices(m: &Guest) {
    m.prints(
        "cd /dev; echo *",
        "fd full null random shm stderr stdin stdout urandom zero",
    )
    .await;
    m.prints(
        "head -c 3 /dev/zero | wc -c; echo x > /dev/null; head -c 5 /dev/urandom | wc -c",
        "3\n5",
    )
    .await;
    m.refuses("echo x > /dev/full", "No space left").await;
}

async fn processes(m: &Guest) {
    m.prints("cd /proc; echo [0-9]* | cut -d' ' -f1", "1").await;
    m.prints("exec ps ax -o args=", "/sbin/init\nps ax -o args=")
        .await;
    m.prints(
        "cat /proc/1/comm; tr '\\0' ' ' < /proc/1/cmdline",
        "init\n/sbin/init ",
    )
    .await;
}

async fn masked(m: &Guest) {
    for name in [
        "cmdline",
        "config.gz",
        "kallsyms",
        "kcore",
        "keys",
        "key-users",
        "kmsg",
        "kpagecount",
        "kpageflags",
        "sched_debug",
        "timer_list",
        "vmallocinfo",
        "slabinfo",
        "interrupts",
        "latency_stats",
        "timer_stats",
    ] {
        m.prints(&format!("head -c 9 /proc/{name} 2>/dev/null | wc -c"), "0")
            .await;
    }
    for name in ["acpi", "asound", "bus", "driver", "fs", "irq", "scsi"] {
        m.prints(&format!("ls -A /proc/{name} 2>/dev/null | wc -l"), "0")
            .await;
    }
    m.refuses("dmesg", "not permitted").await;
}

async fn settings(m: &Guest) {
    // Whoever may write there by its permissions: process 1 owns some.
    m.prints(
        "stat -f -c %T /proc/sys; findmnt -n -o OPTIONS /proc/sys | cut -d, -f1",
        "proc\nro",
    )
    .await;
    for setting in [
        "kernel/core_pattern",
        "kernel/hostname",
        "kernel/panic",
        "kernel/modprobe",
        "kernel/ns_last_pid",
        "vm/drop_caches",
        "vm/overcommit_memory",
        "net/ipv4/ip_forward",
        "user/max_user_namespaces",
        "fs/suid_dumpable",
        "fs/file-max",
    ] {
        m.refuses(&format!("echo 1 > /proc/sys/{setting}"), "")
            .await;
    }
    m.refuses(
        "echo b > /proc/sysrq-trigger && test -s /proc/sysrq-trigger",
        "",
    )
    .await;
}

async fn device_nodes(m: &Guest) {
    for node in ["c 1 1", "c 1 3", "c 5 0", "b 254 0", "b 7 0"] {
        m.refuses(&format!("mknod node {node}"), "not permitted")
            .await;
    }
    m.refuses("mknod hole c 0 0 && cat hole", "").await;
}

async fn links(m: &Guest) {
    for file in [
        "/usr/bin/env",
        "/etc/passwd",
        "/bin/bash",
        "/run/questions.sock",
    ] {
        m.refuses(&format!("ln {file} linked"), "").await;
    }
}

async fn roots(m: &Guest) {
    for command in [
        "mount -t tmpfs none /tmp",
        "mount -o remount,rw /usr",
        "mount --bind /tmp /home/user",
        "umount /proc",
        "umount -l /home/user",
        "chroot / true",
        "pivot_root . .",
        "swapoff /dev/null",
        "date -s 2000-01-01",
        "hostname other",
        "losetup -f",
        "insmod /tmp/x.ko",
    ] {
        m.refuses(command, "").await;
    }
}

async fn namespaces(m: &Guest) {
    for flag in ["-U", "-Ur", "-m", "-n", "-p", "-i", "-u", "-C", "-T"] {
        m.refuses(&format!("unshare {flag} true"), "not permitted")
            .await;
    }
    for target in [
        "-t 1 -m",
        "-t 1 -a",
        "--net=/proc/self/ns/net",
        "--user=/proc/self/ns/user",
    ] {
        m.refuses(&format!("nsenter {target} true"), "").await;
    }
}

async fn ways_out(m: &Guest) {
    m.prints("cd ../../../../../..; pwd; ls -d root", "/\nroot")
        .await;
    m.prints("sleep 100 & ls /proc/$!/root/home; kill $!", "user")
        .await;
    for way in [
        "/proc/1/root",
        "/proc/1/cwd",
        "/proc/1/fd",
        "/proc/1/map_files",
        "/proc/1/ns/mnt",
    ] {
        m.refuses(&format!("readlink {way} || ls {way}/"), "Permission denied")
            .await;
    }
}
