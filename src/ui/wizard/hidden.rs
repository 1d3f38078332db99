//! What is typed or pasted while a secret is asked is told by a message of its own, which writes nothing of it.

use crate::ui::wizard::dialogs::Dialog;
use crate::ui::wizard::key::KeyCode;
use crate::ui::wizard::message::Msg;
use crate::ui::wizard::model::Model;

impl Msg {
    /// The same, or the message that writes nothing of it, when what is typed and pasted now is a secret.
    #[must_use]
    pub fn guarded(self, model: &Model) -> Self {
        let certificates = matches!(model.dialogs.open.last(), Some(Dialog::Certificates(_)));
        match self {
            Self::Key(key)
                if model.asks_secret() && key.is_bare() && matches!(key.code, KeyCode::Char(_)) =>
            {
                Self::HiddenKey(key)
            }
            Self::Paste(text) if model.asks_secret() || certificates => Self::HiddenPaste(text),
            other => other,
        }
    }
}
