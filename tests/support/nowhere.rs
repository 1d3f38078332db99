//! A wizard on nowhere: no machine is reached, nobody is asked, and all that it keeps lies in one folder.

use std::path::Path;
use std::sync::{Arc, mpsc};

use gangplank::engine::RealWorld;
use gangplank::host::{SshEnvironment, TrustPolicy};
use gangplank::plan::model::ApiAddress;
use gangplank::ui::credentials::prompt::CredentialPrompt;
use gangplank::ui::wizard::effects::ground::WizardFolders;
use gangplank::ui::wizard::effects::questions::{Dialogs, Replies};
use gangplank::ui::wizard::role::{Palette, Theme};
use gangplank::ui::wizard::start::{Opening, WizardStart};

/// What it is started with: demos run forty times as fast, from the same seed.
#[expect(clippy::unwrap_used, reason = "a test")]
pub fn start(folder: &Path) -> WizardStart {
    let (send, news) = mpsc::channel();
    let replies = Replies::default();
    let dialogs = Dialogs { send: send.clone(), replies: replies.clone() };
    let vault = CredentialPrompt::with(dialogs.prompt(), &[], true).unwrap();
    let here = SshEnvironment {
        home: folder.to_owned(),
        user: "op".to_owned(),
        agent: None,
        ssh: None,
        config: None,
    };
    let nowhere = ApiAddress { host: "127.0.0.1".to_owned(), port: 1 };
    WizardStart {
        theme: Theme { palette: Palette::Mono, ascii: false },
        places: WizardFolders {
            state: folder.join("state"),
            home: folder.to_owned(),
            base: folder.to_owned(),
            jobs: 16,
            speed: 40.0,
            surprise: false,
            seed: Some(1),
            outside_kube: false,
        },
        real: RealWorld::new(here, TrustPolicy::default(), Arc::new(vault), &nowhere, folder.join("kept")),
        send,
        news,
        replies,
        read_only: false,
        opening: Opening::Welcome,
        player: None,
    }
}
