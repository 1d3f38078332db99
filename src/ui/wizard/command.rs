//! What a person can do by a row of the table of keys, or from the menu.

/// What a person can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// The focused thing.
    Enter,
    /// On to the next screen.
    Continue,
    /// One level back.
    Back,
    /// The next item.
    Next,
    /// The item before.
    Previous,
    /// All commands.
    Menu,
    /// To a step.
    Jump,
    /// The keys of the screen, in words.
    Help,
    /// Explain pane on and off.
    Explain,
    /// The shell functions that the commands use.
    Functions,
    /// Its next tab.
    ExplainTab,
    /// Live panel.
    Live,
    /// The log of the chosen container.
    Logs,
    /// The kubelet's journal, followed.
    Journal,
    /// Follow the log, or stay where it is.
    FollowLog,
    /// Output of the run.
    Output,
    /// Copy what explain shows.
    Copy,
    /// Write the shell script.
    Export,
    /// Save the plan.
    SavePlan,
    /// The difference.
    Diff,
    /// What is wrong with the worker.
    Diagnose,
    /// Every certificate and the days that it has left.
    DaysLeft,
    /// Every step that differs.
    ReviewAll,
    /// Whether pods leave before a repair.
    Drain,
    /// Write what was wrong and what was done.
    Summary,
    /// On in what the chosen row does.
    Below,
    /// Back in what the chosen row does.
    Above,
    /// Carry out.
    Apply,
    /// The field is emptied.
    Clear,
    /// Look again.
    Look,
    /// Add a worker.
    Add,
    /// Paste many.
    Paste,
    /// Import from ssh_config.
    Import,
    /// Remove the worker of this row.
    Remove,
    /// Pace: straight or guided.
    Pace,
    /// Try again.
    Retry,
    /// Change the answer.
    Fix,
    /// The repair.
    Repair,
    /// Leave the host alone.
    Skip,
    /// What the run did is taken back.
    Undo,
    /// A worker leaves the cluster.
    RemoveWorker,
    /// A shell on the host.
    Shell,
    /// Certificates of an offline CA.
    Certificates,
    /// The next host's output.
    NextHost,
    /// Search in the output.
    Search,
    /// The next hit.
    SearchNext,
    /// The hit before.
    SearchPrevious,
    /// Follow the output.
    Follow,
    /// Break long lines.
    Wrap,
    /// Another palette.
    Palette,
    /// Stop or leave.
    Quit,
    /// Stop this program for a while.
    Suspend,
    /// Draw anew.
    Redraw,
}
