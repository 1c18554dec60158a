//! Sends evidence between the sandbox's processes in the form in which it is recorded.
//!
//! That form leaves out what is empty, so only an encoding that names its fields can carry it,
//! and that of the other messages does not.

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(super) fn serialize<T: Serialize, S: Serializer>(
    evidence: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let bytes = serde_json::to_vec(evidence).map_err(S::Error::custom)?;
    serializer.serialize_bytes(&bytes)
}

pub(super) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let bytes = Vec::<u8>::deserialize(deserializer)?;
    serde_json::from_slice(&bytes).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{MachinePath, Process, Signals};
    use crate::sandbox::wire;

    #[derive(Serialize, Deserialize)]
    struct Message {
        #[serde(with = "super")]
        processes: Vec<Process>,
        after: u8,
    }

    #[test]
    fn a_process_arrives_whatever_of_it_is_empty() {
        let full = Process {
            pid: 7,
            command: vec![MachinePath::new(b"a\xff\n".as_slice())],
            ignored: [2, 15].into_iter().collect::<Signals>(),
            stopped: true,
            step: Some(3),
            ..Process::default()
        };
        let processes = vec![Process::default(), full, Process::default()];
        let sent = Message {
            processes: processes.clone(),
            after: 9,
        };
        let bytes = wire::encode(&sent).unwrap();
        let received: Message = wire::decode(&bytes).unwrap();
        assert_eq!((received.processes, received.after), (processes, 9));
    }
}
