use super::*;

const MOUNTS: &str = "\
35 25 0:30 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
36 25 0:31 /docker/1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
37 25 0:32 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw";
const GROUPS: &str = "8:memory:/docker/1/inner\n1:cpu,cpuacct:/\n0::/user.slice";

#[test]
fn a_group_is_found_below_the_part_of_the_hierarchy_that_is_mounted() {
    let mount = find_mount(MOUNTS, "cgroup", Some("memory")).expect("mounted");
    let own = own_group(GROUPS, "memory").expect("a member");
    assert_eq!(
        mount.directory_of(own),
        Path::new("/sys/fs/cgroup/memory/inner")
    );
}

#[test]
fn version_two_is_the_line_without_controllers() {
    let mount = find_mount(MOUNTS, "cgroup2", None).expect("mounted");
    let own = own_group(GROUPS, "").expect("a member");
    assert_eq!(
        mount.directory_of(own),
        Path::new("/sys/fs/cgroup/unified/user.slice")
    );
}

/// The hierarchy of version 2, where groups can be made in it.
fn unified() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let point = find_mount(&mounts, "cgroup2", None)?.point;
    is_writable(&point).then_some(point)
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the test starts what is to be killed"
)]
fn what_is_left_in_a_group_is_killed() {
    use std::os::unix::process::ExitStatusExt;
    // Without a hierarchy of version 2 there is nothing to show.
    let Some(parent) = unified() else { return };
    let mut cgroups = Cgroups {
        hierarchies: vec![Hierarchy {
            parent,
            settings: Vec::new(),
        }],
        limits: Vec::new(),
        prefix: format!("offswitch-{}-test-", std::process::id()),
        made: 0,
        spare: Vec::new(),
    };
    let groups = cgroups.take().unwrap();
    let mut left = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .unwrap();
    (&groups.members[0])
        .write_all(left.id().to_string().as_bytes())
        .unwrap();
    cgroups.end(&groups);
    assert_eq!(left.wait().unwrap().signal(), Some(9));
    cgroups.remove(&groups.name);
}

#[test]
fn a_controller_that_is_not_there_is_not_found() {
    assert!(find_mount(MOUNTS, "cgroup", Some("pids")).is_none());
    assert!(own_group(GROUPS, "pids").is_none());
}
