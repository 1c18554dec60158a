//! What a login is in a machine: its number, and what a shell of its begins with.

use std::ffi::CStr;

use super::protocol::{Setup, Users};
use crate::evidence::Login;

/// The numbers of `root` and `user`.
const ROOT: u32 = 0;
const USER: u32 = 1000;

/// The number of the system beside a model that works as root. It is called `root`, too, and
/// owns nothing but process 1.
const SYSTEM_BESIDE_ROOT: u32 = 65_533;

impl Setup {
    /// The number of the model's user.
    pub(super) fn model(&self) -> u32 {
        number(self.login)
    }

    /// The number of the system, where that is another user than the model's.
    pub(super) fn system(&self) -> Option<u32> {
        match (self.users, self.login) {
            (Users::One, _) => None,
            (Users::Two, Login::User) => Some(ROOT),
            (Users::Two, Login::Root) => Some(SYSTEM_BESIDE_ROOT),
        }
    }
}

/// The number of a login that a model can work as.
pub(super) fn number(login: Login) -> u32 {
    match login {
        Login::User => USER,
        Login::Root => ROOT,
    }
}

/// What a command's shell starts with; the login files then set `PATH` anew. The home is the
/// same for both, so that nothing else of a task differs between them.
pub(super) fn environment(login: Login) -> [&'static CStr; 6] {
    let [name, log_name] = match login {
        Login::User => [c"USER=user", c"LOGNAME=user"],
        Login::Root => [c"USER=root", c"LOGNAME=root"],
    };
    [
        c"HOME=/home/user",
        name,
        log_name,
        c"SHELL=/bin/bash",
        c"PATH=/usr/local/bin:/usr/bin:/bin",
        c"TERM=dumb",
    ]
}

/// What `/etc/profile` makes of `PATH`.
pub(super) fn path_after(login: Login) -> &'static [u8] {
    match login {
        Login::User => b"PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games",
        Login::Root => b"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    }
}
