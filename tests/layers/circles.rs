//! Circles between files: a file that uses what another defines, and the other way round, over any number of files.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::modules::{Found, House, Kind};

/// From a file to the file that defines what it uses: the names, and the line of the first.
pub type Edges = BTreeMap<(usize, usize), (BTreeSet<String>, usize)>;

pub fn edges(house: &House) -> Edges {
    let mut edges = Edges::new();
    for reference in house.references.iter().filter(|reference| !reference.test) {
        let counts = match reference.kind {
            Kind::Use | Kind::Path | Kind::Glob => true,
            Kind::Reexport => false,
            Kind::Word => house.is_reexported(reference),
        };
        let Some(place) = house.whole(reference).filter(|_| counts) else { continue };
        if let Found::Item(file, name) = house.find(&place)
            && file != reference.file
        {
            let edge = edges.entry((reference.file, file)).or_insert((BTreeSet::new(), reference.line));
            edge.0.insert(name);
        }
    }
    edges
}

/// One circle: its files in order, and how many files can reach each other where it stands.
pub struct Circle {
    pub files: Vec<usize>,
    pub all: BTreeSet<usize>,
}

/// A shortest circle for each set of files that reach each other.
pub fn circles(edges: &Edges) -> Vec<Circle> {
    let files: BTreeSet<usize> = edges.keys().flat_map(|(from, to)| [*from, *to]).collect();
    let reach: BTreeMap<usize, BTreeSet<usize>> =
        files.iter().map(|file| (*file, paths(edges, *file).into_keys().collect())).collect();
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut found = Vec::new();
    for file in files {
        if seen.contains(&file) || !reach[&file].contains(&file) {
            continue;
        }
        let all: BTreeSet<usize> =
            reach[&file].iter().copied().filter(|other| reach[other].contains(&file)).collect();
        seen.extend(&all);
        let shortest = all.iter().filter_map(|file| paths(edges, *file).remove(file)).min_by_key(Vec::len);
        let mut files = shortest.unwrap_or_default();
        // It ends where it begins: with the first of its files.
        let least = files.iter().enumerate().min_by_key(|(_, file)| **file).map_or(0, |(index, _)| index + 1);
        files.rotate_left(least);
        found.push(Circle { files, all });
    }
    found
}

/// The shortest way from a file to each that it reaches, itself only by a circle. The first one is left out.
fn paths(edges: &Edges, from: usize) -> BTreeMap<usize, Vec<usize>> {
    let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut queue = VecDeque::from([(from, Vec::new())]);
    while let Some((at, way)) = queue.pop_front() {
        for (_, next) in edges.range((at, 0)..=(at, usize::MAX)).map(|(edge, _)| *edge) {
            if let Entry::Vacant(unseen) = found.entry(next) {
                let longer: Vec<usize> = way.iter().copied().chain([next]).collect();
                unseen.insert(longer.clone());
                queue.push_back((next, longer));
            }
        }
    }
    found
}
