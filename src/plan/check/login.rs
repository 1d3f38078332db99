//! An SSH login: of a worker, of what workers share, of the CA host.

use super::judge::Judge;
use crate::plan::answers::LoginAnswers;
use crate::plan::model::{ApiAddress, Login};
use crate::plan::value;

/// A login as one types it, `user@host:port`, also with `ssh://` before it; user and port may be left out. Otherwise what
/// is wrong with the text, and what to write.
pub fn typed_login(text: &str) -> Result<Login, (String, String)> {
    let (user, host, port) = value::login(text)?;
    Ok(Login { host, port, user, ..Login::default() })
}

/// The address of an API server as a kubeconfig names it. Otherwise what is wrong with the text, and what to write.
pub fn typed_api(text: &str) -> Result<ApiAddress, (String, String)> {
    value::api(text)
}

/// Reads a login; what is not said is inherited.
pub(super) fn login(judge: &mut Judge<'_>, field: &str, said: &LoginAnswers, from: Login) -> Login {
    let places = judge.places;
    let port = said.port.and_then(|port| judge.take(&format!("{field}.port"), value::port(port)));
    let user = judge.maybe(&format!("{field}.user"), said.user.as_ref(), value::ssh_user);
    let key = judge.maybe(&format!("{field}.key"), said.key.as_ref(), |text| value::path(text, places));
    let host_key = judge.maybe(&format!("{field}.host_key"), said.host_key.as_ref(), value::fingerprint);
    let jump = match &said.jump {
        None => from.jump,
        Some(list) => jumps(judge, &format!("{field}.jump"), Some(list)),
    };
    Login {
        host: String::new(),
        port: port.or(from.port),
        user: user.or(from.user),
        key: key.or(from.key),
        jump,
        host_key: host_key.or(from.host_key),
    }
}

/// Jump hosts; a comma separates several in one text, as in ssh_config. `none` alone goes through none, whatever
/// ssh_config says.
pub(super) fn jumps(judge: &mut Judge<'_>, field: &str, list: Option<&[String]>) -> Vec<String> {
    let mut out = Vec::new();
    let hops = list.unwrap_or_default().iter().enumerate();
    let hops: Vec<(usize, &str)> =
        hops.flat_map(|(at, text)| text.split(',').map(move |hop| (at, hop.trim()))).collect();
    for (at, hop) in &hops {
        let good = match *hop {
            none if none.eq_ignore_ascii_case("none") && hops.len() == 1 => Ok("none".to_owned()),
            none if none.eq_ignore_ascii_case("none") => Err((
                "none is no jump host".to_owned(),
                "write none alone, or the jump hosts alone".to_owned(),
            )),
            hop => value::login(hop).map(|_| value::without_scheme(hop).to_owned()),
        };
        out.extend(judge.take(&format!("{field}[{at}]"), good));
    }
    out
}
