//! What can have the keys on a screen: rows, fields, buttons.

use crate::ui::wizard::form::field::Field;

/// What can have the keys on a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Item {
    /// A list of rows: ways on, workers, places, steps.
    Rows,
    /// A field.
    Field(Field),
    /// A button.
    Button(Button),
}

/// What a button of a screen does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Button {
    /// On to the next screen.
    Continue,
    /// To the screen before.
    Back,
    /// Another worker.
    Add,
    /// Many at once.
    Paste,
    /// Hosts of ssh_config.
    Import,
    /// Look at it again.
    Look,
    /// Carry the plan out.
    Apply,
    /// Save the plan as a file.
    SavePlan,
    /// Write the shell script.
    Export,
    /// Back to the review or the problem one came from.
    Return,
    /// Every step that differs is reviewed.
    ReviewAll,
    /// The repair is made.
    Repair,
    /// What was wrong and what was done is written to a file.
    Summary,
    /// Leave the wizard; it is saved.
    Quit,
}

impl Button {
    /// Its verb.
    pub fn label(self) -> &'static str {
        match self {
            Self::Continue => "Continue",
            Self::Back => "Back",
            Self::Add => "Add",
            Self::Paste => "Paste many",
            Self::Import => "Import",
            Self::Look => "Look again",
            Self::Apply => "Apply",
            Self::SavePlan => "Save plan",
            Self::Export => "Export script",
            Self::Return => "Return",
            Self::ReviewAll => "Review all",
            Self::Repair => "Repair it now",
            Self::Summary => "Save summary",
            Self::Quit => "Quit",
        }
    }
}
