//! The CA: files here, new ones, a folder on an SSH host, or offline.

use std::path::PathBuf;

use super::judge::Judge;
use super::login::jumps;
use crate::plan::answers::{CaAnswers, CaLogin};
use crate::plan::issue::shown;
use crate::plan::model::{Ca, CaPlace, Login};
use crate::plan::value;

impl Judge<'_> {
    pub(super) fn ca(&mut self, answers: &CaAnswers) -> Option<Ca> {
        let days = answers.days.unwrap_or(365);
        if !(1..=3650).contains(&days) {
            self.wrong("ca.days", format!("{days} is not a life in days"), "write 1 to 3650, like 365");
        }
        let cure = "write files (cert and key here), new (made here), ssh://user@host/dir or offline";
        let place = self.need("ca.where", answers.place.as_ref(), cure, |text| Ok(text.to_owned()))?;
        let place = if let Some(rest) = place.strip_prefix("ssh://") {
            self.ca_host(rest, answers)
        } else if place == "files" || place == "new" || place == "offline" {
            if answers.ssh != CaLogin::default() {
                let what = "is only for a CA on an SSH host".to_owned();
                self.wrong("ca.ssh", what, "remove it, or write ca.where as ssh://user@host/dir");
            }
            if place == "offline" {
                let cert = self.ca_offline(answers);
                return Some(Ca { place: CaPlace::Offline { cert: cert? }, days });
            }
            let (cert, key) = (self.ca_file(answers, "cert"), self.ca_file(answers, "key"));
            let (cert, key) = (cert?, key?);
            if cert == key {
                self.wrong("ca.key", "is the same file as ca.cert".to_owned(), "write two files");
            }
            Some(if place == "new" { CaPlace::New { cert, key } } else { CaPlace::Files { cert, key } })
        } else {
            self.wrong("ca.where", format!("{} is no place for a CA", shown(&place)), cure);
            None
        };
        Some(Ca { place: place?, days })
    }

    /// A CA file here. Where a CA is to be made the names have defaults; existing ones must be named.
    fn ca_file(&mut self, answers: &CaAnswers, which: &str) -> Option<PathBuf> {
        let (text, name) = if which == "key" { (&answers.key, "ca.key") } else { (&answers.cert, "ca.crt") };
        let named =
            text.clone().or_else(|| (answers.place.as_deref() == Some("new")).then(|| name.to_owned()));
        let cure = format!("write the path of the file, like {name}");
        let places = self.places;
        self.need(&format!("ca.{which}"), named.as_ref(), &cure, |text| value::path(text, places))
    }

    /// Only the certificate of an offline CA is here.
    fn ca_offline(&mut self, answers: &CaAnswers) -> Option<PathBuf> {
        if answers.key.is_some() {
            let what = "is never read where the CA is offline".to_owned();
            self.wrong("ca.key", what, "remove it, or write ca.where: files");
        }
        self.ca_file(answers, "cert")
    }

    fn ca_host(&mut self, rest: &str, answers: &CaAnswers) -> Option<CaPlace> {
        let places = self.places;
        let key_file = self.maybe("ca.ssh.key", answers.ssh.key.as_ref(), |text| value::path(text, places));
        let jump = jumps(self, "ca.ssh.jump", answers.ssh.jump.as_deref());
        let host_key = self.maybe("ca.ssh.host_key", answers.ssh.host_key.as_ref(), value::fingerprint);
        let ((user, host, port), dir) = self.take("ca.where", value::ssh_place(rest))?;
        let inside = |name: &str| {
            let whole = if name.starts_with('/') { name.to_owned() } else { format!("{dir}/{name}") };
            if name.trim().is_empty() || name.starts_with('~') {
                return Err((
                    format!("{} is not a file name", shown(name)),
                    "write one like ca.crt".to_owned(),
                ));
            }
            value::host_path(&whole)
        };
        let names = [("ca.cert", &answers.cert, "ca.crt"), ("ca.key", &answers.key, "ca.key")];
        let [cert, key] =
            names.map(|(field, name, usual)| self.take(field, inside(name.as_deref().unwrap_or(usual))));
        if cert.is_some() && cert == key {
            self.wrong("ca.key", "is the same file as ca.cert".to_owned(), "write two files");
        }
        let login = Login { host, port, user, key: key_file, jump, host_key };
        Some(CaPlace::Host { login, cert: cert?, key: key? })
    }
}
