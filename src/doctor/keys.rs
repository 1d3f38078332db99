//! Who can read a private key.

use crate::plan::fact::Facts;

/// Whether others than its owner can, by its mode, octal. The group of root counts as root where nobody else is in it.
pub(super) fn others_read(facts: &Facts, mode: &str, of_roots_group: bool) -> bool {
    let others = if of_roots_group && facts.root_group_is_root_alone() { 0o007 } else { 0o077 };
    u32::from_str_radix(mode, 8).is_ok_and(|mode| mode & others != 0)
}

#[cfg(test)]
mod tests {
    use super::others_read;
    use crate::plan::fact::{Fact, FactQuery, Facts, Known};
    use crate::plan::surroundings::Surroundings;

    #[test]
    fn the_group_of_root_is_root_where_nobody_else_is_in_it() {
        let with = |group: Option<&[&str]>| {
            let root_group = group.map(|names| names.iter().map(|name| (*name).into()).collect());
            let around = Surroundings { root_group, ..Surroundings::default() };
            let mut facts = Facts::default();
            facts.learn(FactQuery::Around(None), Known::Yes(Fact::Around(Box::new(around))));
            facts
        };
        let alone = with(Some(&[]));
        assert!(!others_read(&alone, "640", true) && !others_read(&alone, "600", false));
        assert!(others_read(&alone, "644", true) && others_read(&alone, "604", true));
        assert!(others_read(&alone, "640", false), "it is another group");
        assert!(others_read(&with(Some(&["eve"])), "640", true));
        assert!(others_read(&with(None), "640", true) && others_read(&Facts::default(), "640", true));
    }
}
