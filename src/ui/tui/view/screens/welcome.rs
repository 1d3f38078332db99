//! Welcome: what gangplank does, the ways on, what to have at hand.

use ratatui::text::{Line, Span};

use crate::ui::tui::text::{cut, fill};
use crate::ui::tui::theme::{Glyph, Paint};
use crate::ui::tui::view::page::Page;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::welcome::{self, WelcomeRow};

/// Where the post is.
const THE_POST: &str = "https://developer.epages.com/blog/tech-stories/how-to-setup-a-ha-kubernetes-cluster-worker-components-and-skydns";

/// Its rows.
pub fn rows(model: &Model, page: &mut Page<'_>, width: usize) {
    let theme = &model.window.theme;
    page.right = format!("gangplank {}", env!("CARGO_PKG_VERSION"));
    page.space();
    page.say(model, Role::Accent, "gangplank walks worker nodes aboard a Kubernetes cluster.", width);
    page.space();
    let about = model.demo.as_ref().filter(|demo| !demo.about.is_empty()).map_or(
        "It logs in over SSH, has a certificate signed for each worker, writes kubeconfig, kubelet unit and \
         kube-proxy pod, starts them, and proves that the node is Ready and that cluster DNS answers. Nothing on \
         any machine changes before Review, and what is done can be taken back.",
        |demo| demo.about.as_str(),
    );
    page.say(model, Role::Text, about, width);
    page.space();
    for (at, row) in welcome::rows(model).into_iter().enumerate() {
        let chosen = model.nav.row == at;
        if chosen {
            page.chosen = Some(page.rows.len());
        }
        let sign = if chosen { theme.glyph(Glyph::Here) } else { " " };
        if let WelcomeRow::Session(session) = row {
            let Some(saved) = model.sessions.kept.get(session) else { continue };
            let words = format!("   resume \"{}\", {}, left {}", saved.name, saved.about, saved.when);
            page.line(Line::from(vec![
                Span::styled(format!(" {sign} "), theme.style(Role::Accent)),
                Span::styled(cut(&words, width), theme.style(if chosen { Role::Focus } else { Role::Dim })),
            ]));
            continue;
        }
        let about = match (row, model.sessions.kept.as_slice()) {
            (WelcomeRow::Resume, []) => "no session is kept here yet".to_owned(),
            (WelcomeRow::Resume, [saved, ..]) => {
                format!("\"{}\", {}, left {} at {}", saved.name, saved.about, saved.when, saved.screen)
            }
            _ => row.about().to_owned(),
        };
        let role = if chosen { Role::Focus } else { Role::Text };
        page.line(Line::from(vec![
            Span::styled(format!(" {sign} {} ", at.saturating_add(1)), theme.style(Role::Accent)),
            Span::styled(fill(row.title(), 20), theme.style(role)),
            Span::styled(format!("  {}", cut(&about, width.saturating_sub(28))), theme.style(Role::Dim)),
        ]));
    }
    page.space();
    page.say(model, Role::Key, "Have at hand", width);
    for line in [
        "a cluster whose masters run already: Kubernetes 1.2 or 1.16 to 1.23 (docker), or 1.24 and later (containerd)",
        "the CA: its certificate and key as files, or a login to the host that has them",
        "the API address: the load balancer's, or the only API server's",
        "for each worker: its IP address and an SSH login, root or one whose sudo may run sh",
        "on each worker: Linux with systemd, openssl, docker or containerd; a kubelet at /usr/local/bin, or the file here",
        "where nothing can be pulled: tars made by docker save -o images.tar IMAGE...",
    ] {
        page.seen(model, &[(Role::Text, format!("{} {line}", theme.glyph(Glyph::Same)))], width);
    }
    page.space();
    page.say(
        model,
        Role::Dim,
        "\"The post\" is what all this follows: part 4, worker components and SkyDNS, of the series How to set up a HA \
         Kubernetes cluster (2016), which does it by hand for Kubernetes 1.2:",
        width,
    );
    page.say(model, Role::Code, THE_POST, width);
}
