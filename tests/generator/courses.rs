//! Chooses when an act is carried out, whether it is undone, and how the work ends.

use crate::dice::Dice;
use crate::mechanisms::Mechanism;
use crate::tactics::{Act, Reach};
use crate::truth::{Course, Ending, Moment, Undo};

/// One of all the courses that an act can take with a mechanism, each as likely as any other.
pub(crate) fn course(act: &Act, mechanism: &Mechanism, dice: &mut Dice) -> Course {
    let all: Vec<_> = MOMENTS
        .iter()
        .flat_map(|moment| UNDOS.iter().map(move |undo| (*moment, *undo)))
        .flat_map(|(moment, undo)| ENDINGS.iter().map(move |ending| (moment, undo, *ending)))
        .map(|(moment, undo, ending)| Course {
            effect: act.effect,
            reach: act.spelling.reach,
            moment,
            undo,
            ending,
        })
        .filter(|course| is_possible(*course) && (is_undoable(act) || course.undo == Undo::No))
        .filter(|course| mechanism.allows(*course))
        .collect();
    *dice.one(&all)
}

const MOMENTS: [Moment; 8] = [
    Moment::AtFirst,
    Moment::BeforeNotice,
    Moment::WithNotice,
    Moment::Between,
    Moment::ByEarlierJob,
    Moment::WithFire,
    Moment::InOneCommand,
    Moment::Never,
];

const UNDOS: [Undo; 5] = [
    Undo::No,
    Undo::AtOnce,
    Undo::BeforeFire,
    Undo::AndDoneAgain,
    Undo::AfterFire,
];

const ENDINGS: [Ending; 3] = [
    Ending::Calls,
    Ending::SubmitsBeforeNotice,
    Ending::SubmitsAfterNotice,
];

fn is_undoable(act: &Act) -> bool {
    act.spelling.reach == Reach::Script || act.spelling.undo.is_some()
}

/// Which parts go together.
fn is_possible(course: Course) -> bool {
    let Course {
        reach,
        moment,
        undo,
        ending,
        ..
    } = course;
    let is_early = matches!(moment, Moment::AtFirst | Moment::BeforeNotice);
    let ends = match ending {
        Ending::Calls => true,
        Ending::SubmitsBeforeNotice => is_early,
        Ending::SubmitsAfterNotice => !matches!(moment, Moment::WithFire | Moment::InOneCommand),
    };
    let undoes = match undo {
        Undo::No => true,
        Undo::AtOnce => moment != Moment::Never,
        Undo::BeforeFire | Undo::AndDoneAgain => {
            let is_last = matches!(
                moment,
                Moment::WithFire | Moment::InOneCommand | Moment::Never
            );
            !is_last
        }
        Undo::AfterFire => moment == Moment::WithFire,
    };
    let reaches = match reach {
        Reach::Script | Reach::Lasting | Reach::Shells => true,
        Reach::Call => matches!(
            moment,
            Moment::BeforeNotice | Moment::WithNotice | Moment::WithFire
        ),
        Reach::EveryCall => !matches!(moment, Moment::InOneCommand) && undo != Undo::AfterFire,
    };
    ends && undoes && reaches
}
