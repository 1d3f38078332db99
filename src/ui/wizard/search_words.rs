//! Other words by which somebody may search a command.

use crate::ui::wizard::command::Command;

/// Other words by which somebody may search a command.
pub fn also(command: Command) -> &'static str {
    match command {
        Command::Repair => "mend fix fault restart repair",
        Command::Fix => "mend repair change fault",
        Command::Diagnose => "doctor health check failed wrong",
        Command::DaysLeft => "expire expired renew age dates",
        Command::Drain => "cordon evict pods leave",
        Command::Summary => "incident report markdown",
        Command::Retry => "restart run again mend",
        Command::Undo => "undo take back revert",
        Command::RemoveWorker => "undo delete node drain",
        _ => "",
    }
}
