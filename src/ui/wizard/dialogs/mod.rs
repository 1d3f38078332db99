//! What lies over a screen, each in the file of its word. A dialog takes intents, says what is to come of them, and
//! knows nothing of the model: what it needs to know is told with the intent.

pub mod apply;
pub mod ask;
pub mod bulk;
pub mod confirm;
pub mod explain;
pub mod help;
pub mod import;
pub mod jump;
pub mod line;
pub mod mend;
pub mod menu;
pub mod paste;
pub mod pick;
pub mod problem;
pub mod quit;
pub mod text;

use apply::ApplyDialog;
use ask::AskDialog;
use confirm::ConfirmDialog;
use explain::ExplainDialog;
use help::HelpDialog;
use import::ImportDialog;
use jump::JumpDialog;
use line::LineDialog;
use mend::MendDialog;
use menu::MenuDialog;
use paste::{CertificatesDialog, PasteDialog};
use pick::{DemosDialog, PickDialog, WhereDialog};
use problem::ProblemDialog;
use quit::QuitDialog;
use text::TextDialog;

use crate::ui::wizard::form::text_input::TextInput;

/// A dialog.
#[derive(Debug)]
pub enum Dialog {
    /// Keys and glossary.
    Help(HelpDialog),
    /// All commands.
    Menu(MenuDialog),
    /// Steps to jump to.
    Jump(JumpDialog),
    /// Explanations, where the window has no room for a pane.
    Explain(ExplainDialog),
    /// The last question before the plan is carried out.
    Apply(ApplyDialog),
    /// A question.
    Ask(AskDialog),
    /// Many workers at once.
    Paste(PasteDialog),
    /// Certificates of an offline CA.
    Certificates(CertificatesDialog),
    /// Hosts of ssh_config.
    Import(ImportDialog),
    /// A line of text that something needs, such as a file name.
    Line(LineDialog),
    /// Something cannot be rebuilt: its name must be typed.
    Confirm(ConfirmDialog),
    /// Leave, or stop what runs.
    Quit(QuitDialog),
    /// A difference or other long text.
    Text(TextDialog),
    /// The problem of a look, with its ways.
    Problem(ProblemDialog),
    /// A demo lab to open.
    Demos(DemosDialog),
    /// Workers that come back.
    Pick(PickDialog),
    /// Where something is taken back.
    Where(WhereDialog),
    /// A repair before it is made.
    Mend(MendDialog),
}

impl Dialog {
    /// What is typed into, when there is something.
    pub fn input(&mut self) -> Option<&mut TextInput> {
        match self {
            Self::Help(HelpDialog { search: Some(input), .. })
            | Self::Menu(MenuDialog { search: input, .. })
            | Self::Ask(AskDialog { typed: input, .. })
            | Self::Paste(PasteDialog { text: input, .. })
            | Self::Certificates(CertificatesDialog { text: input })
            | Self::Line(LineDialog { text: input, .. })
            | Self::Confirm(ConfirmDialog { typed: input, .. }) => Some(input),
            Self::Help(_)
            | Self::Apply(_)
            | Self::Jump(_)
            | Self::Explain(_)
            | Self::Import(_)
            | Self::Quit(_)
            | Self::Text(_)
            | Self::Problem(_)
            | Self::Demos(_)
            | Self::Pick(_)
            | Self::Where(_)
            | Self::Mend(_) => None,
        }
    }
}
