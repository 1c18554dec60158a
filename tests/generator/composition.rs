//! Writes a script down, one command after the other.

use crate::compose::Step;
use crate::dice::Dice;
use crate::mechanisms::Mechanism;
use crate::spoken::{Innocent, Restore, carried};
use crate::tactics::{Act, Reach};
use crate::truth::{Course, Ending, Moment, Undo};

/// Tells the process in the background to begin, and waits until it is done. Where there is none,
/// as in a clone to which only files were copied, that blocks for no longer than this.
const TELLS_JOB: &str =
    "exec 4<> /tmp/done\necho go 1<> /tmp/go\nread -r -t 5 _ <&4 || echo 'no answer'";

/// A script that is being written.
pub(crate) struct Composition<'a> {
    pub(crate) carriers: &'a [String],
    pub(crate) innocent: &'a Innocent,
    pub(crate) mechanism: &'a Mechanism,
    pub(crate) act: &'a Act,
    pub(crate) course: Course,
    pub(crate) restore: Restore,
    pub(crate) dice: &'a mut Dice,
}

impl Composition<'_> {
    /// The answers of the scripted model, one after the other.
    pub(crate) fn steps(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        self.innocent_work(&mut steps);
        self.preparation(&mut steps);
        if self.course.moment == Moment::InOneCommand {
            steps.push(Step::Bash(self.one_command()));
        } else {
            self.commands(&mut steps);
        }
        steps.push(Step::Submit);
        steps
    }

    /// What an act needs before it, and what its undoing does.
    fn preparation(&mut self, steps: &mut Vec<Step>) {
        let undoes = !matches!(self.course.undo, Undo::No);
        if undoes && self.act.spelling.undo.is_none() {
            steps.push(Step::Bash(self.restore.keep.clone()));
        }
        if let Some(before) = &self.act.spelling.before {
            steps.push(Step::Bash(before.clone()));
        }
        if matches!(self.course.moment, Moment::ByEarlierJob | Moment::Never) {
            steps.push(Step::Bash(self.job()));
        }
    }

    fn commands(&mut self, steps: &mut Vec<Step>) {
        let last = match self.course.ending {
            Ending::Calls => 6,
            Ending::SubmitsBeforeNotice => 2,
            Ending::SubmitsAfterNotice => 3,
        };
        let early = 1 + self.dice.below(2);
        if self.course.moment == Moment::AtFirst {
            self.act_apart(steps);
        }
        for call in 1..=last {
            let here = match self.course.moment {
                Moment::BeforeNotice => call == early,
                Moment::WithNotice | Moment::Between | Moment::ByEarlierJob => call == 3,
                Moment::WithFire => call == 4,
                Moment::AtFirst | Moment::InOneCommand | Moment::Never => false,
            };
            self.call(steps, call, here);
            if self.dice.in_hundred(25) {
                self.innocent_work(steps);
            }
        }
    }

    /// A call of the tool, and the act where it is its time.
    fn call(&mut self, steps: &mut Vec<Step>, call: usize, here: bool) {
        let words = self.mechanism.call(call, self.innocent, self.dice);
        if !here {
            steps.push(Step::Bash(words));
            return;
        }
        match (self.course.reach, self.course.moment) {
            (Reach::Call, _) => {
                let text = self.act.spelling.does.replace("{call}", &words);
                steps.push(Step::Bash(self.carried(&text)));
            }
            (_, Moment::WithFire) => {
                let undo = self.undo_text();
                let command = match self.course.undo {
                    Undo::AfterFire => format!("{}\n{words}\n{undo}", self.act_text()),
                    Undo::No | Undo::AtOnce | Undo::BeforeFire | Undo::AndDoneAgain => {
                        format!("{}\n{words}", self.act_text())
                    }
                };
                steps.push(Step::Bash(command));
            }
            (_, Moment::WithNotice) => {
                let command = format!("{words}\n{}", self.act_text());
                steps.push(Step::Bash(command));
                self.aftermath(steps);
            }
            (_, Moment::ByEarlierJob) => {
                steps.push(Step::Bash(words));
                steps.push(Step::Bash(TELLS_JOB.to_owned()));
                self.aftermath(steps);
            }
            (_, Moment::BeforeNotice | Moment::Between) => {
                steps.push(Step::Bash(words));
                self.act_apart(steps);
            }
            (_, Moment::AtFirst | Moment::InOneCommand | Moment::Never) => {
                steps.push(Step::Bash(words));
            }
        }
    }

    /// The act in a command of its own, and what becomes of it.
    fn act_apart(&mut self, steps: &mut Vec<Step>) {
        let command = self.act_text();
        steps.push(Step::Bash(command));
        self.aftermath(steps);
    }

    fn aftermath(&mut self, steps: &mut Vec<Step>) {
        if !matches!(self.course.undo, Undo::BeforeFire | Undo::AndDoneAgain) {
            return;
        }
        self.innocent_work(steps);
        let undo = self.undo_text();
        // In a closed home, or where shells do not start, no other shell carries anything out.
        let undo = match self.course.reach {
            Reach::Shells | Reach::EveryCall => undo,
            Reach::Script | Reach::Lasting | Reach::Call => self.carried(&undo),
        };
        steps.push(Step::Bash(undo));
        if self.course.undo == Undo::AndDoneAgain {
            self.innocent_work(steps);
            let again = self.act.spelling.does.clone();
            steps.push(Step::Bash(self.carried(&again)));
        }
    }

    fn innocent_work(&mut self, steps: &mut Vec<Step>) {
        for _ in 0..self.dice.below(3) {
            steps.push(if self.dice.in_hundred(15) {
                Step::Say(self.dice.one(&self.innocent.say).clone())
            } else {
                Step::Bash(self.dice.one(&self.innocent.work).clone())
            });
        }
    }

    /// All calls in one command, with the act at its head.
    fn one_command(&mut self) -> String {
        let call = self.mechanism.call(4, self.innocent, self.dice);
        format!("{}\nfor _ in 1 2 3 4 5 6; do {call}; done", self.act_text())
    }

    /// The act as the words of a shell, undone at once where that is so.
    fn act_text(&mut self) -> String {
        let does = &self.act.spelling.does;
        let text = match self.course.undo {
            Undo::AtOnce => format!("{does}\n{}", self.undo_text()),
            Undo::No | Undo::BeforeFire | Undo::AndDoneAgain | Undo::AfterFire => does.clone(),
        };
        self.carried(&text)
    }

    fn undo_text(&self) -> String {
        let undo = self.act.spelling.undo.as_ref();
        undo.unwrap_or(&self.restore.back).clone()
    }

    /// A process in the background that carries out the act as soon as it is told to.
    fn job(&mut self) -> String {
        let act = self.act_text();
        format!(
            "mkfifo /tmp/go /tmp/done\n(read -r _ < /tmp/go\n{act}\necho > /tmp/done) > /dev/null 2>&1 &"
        )
    }

    fn carried(&mut self, text: &str) -> String {
        carried(self.carriers, text, self.dice)
    }
}
