//! SkyDNS: which DNS answers inside the cluster, and its manifest.

use ratatui::text::Line;

use crate::plan::place::Place;
use crate::ui::tui::text::cut;
use crate::ui::tui::theme::Paint;
use crate::ui::tui::view::page::{Page, field, inspection_note, states};
use crate::ui::wizard::form::field::Field;
use crate::ui::wizard::model::Model;
use crate::ui::wizard::role::Role;
use crate::ui::wizard::screens::skydns::{self, DnsScreen, deploys};

/// Its rows.
pub fn rows(model: &Model, page: &mut Page<'_>, width: usize) {
    deploys(model).clone_into(&mut page.right);
    page.space();
    page.say(model, Role::Text, "Which DNS answers inside the cluster?", width);
    page.space();
    for one in DnsScreen::fields(model) {
        field(model, page, one);
    }
    page.seen(model, &skydns::remark(model).into_iter().collect::<Vec<_>>(), width);
    page.space();
    let dns = Field::Dns.get(&model.form.answers, 0);
    let range = Field::ServiceRange.get(&model.form.answers, 0);
    page.say(
        model,
        Role::Dim,
        &format!("It gets the address {dns} out of {range}; the kubelets tell it to every pod."),
        width,
    );
    for remark in model.form.issues.iter().filter(|remark| remark.field == "cluster.dns" && !remark.missing) {
        page.seen(model, &[(Role::Bad, format!("{}; {}", remark.what, remark.cure))], width);
    }
    inspection_note(model, page, width);
    states(model, page, &Place::Cluster, &["namespace", "dns", "dns-pods"], width);
    page.space();
    page.say(model, Role::Key, "The manifest", width);
    if model.form.planned.is_none() {
        return;
    }
    match skydns::manifest(model).as_ref() {
        Ok(objects) if objects.is_empty() => {
            page.say(model, Role::Dim, "none: what answers already is proven", width);
        }
        Ok(objects) => {
            for (name, text) in objects {
                page.say(model, Role::Accent, name, width);
                for line in text.lines() {
                    page.line(Line::styled(
                        format!("   {}", cut(line, width.saturating_sub(4))),
                        model.window.theme.style(Role::Code),
                    ));
                }
            }
        }
        Err(error) => page.say(model, Role::Bad, error, width),
    }
}
