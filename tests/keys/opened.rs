//! One host opened in Live: what is asked for besides, and what its keys do.

use gangplank::live::{Panel, watch_targets};
use gangplank::plan::place::Place;
use gangplank::ui::wizard::message::{Effect, Msg};
use gangplank::ui::wizard::model::Model;
use gangplank::ui::wizard::update::update;

use crate::setup::{answered, press};

/// Review with two workers in the live panel.
pub fn watched() -> Model {
    let mut model = answered("review");
    model.live.panel = Some(Panel::new(&watch_targets(model.form.planned.as_deref().expect("a plan"))));
    model
}

fn looked_into(effects: &[Effect]) -> Vec<Option<&Place>> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::LookInto(place) => Some(place.as_ref()),
            _ => None,
        })
        .collect()
}

#[test]
fn more_is_asked_for_of_the_host_that_is_opened_and_only_while_it_is() {
    let mut model = watched();
    let names: Vec<Place> =
        model.live.panel.as_ref().expect("a panel").rows().iter().map(|row| row.place.clone()).collect();
    assert_eq!(looked_into(&press(&mut model, "l<down>")), []);
    assert_eq!(looked_into(&press(&mut model, "<enter>")), [Some(&names[1])]);
    assert_eq!(looked_into(&press(&mut model, "<down><up>?<esc>")), []);
    assert_eq!(looked_into(&press(&mut model, "<esc>")), [None]);
    assert_eq!(looked_into(&press(&mut model, "<up><enter>")), [Some(&names[0])]);
    assert_eq!(looked_into(&press(&mut model, "q")), [None]);
    // It is asked for again with the panel, which opens where it was left.
    assert_eq!(looked_into(&press(&mut model, "l")), [Some(&names[0])]);
    // Another plan has no such host open.
    assert_eq!(looked_into(&update(&mut model, Msg::Opened(Box::default()))), [None]);
}
