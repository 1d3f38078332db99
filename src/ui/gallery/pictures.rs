//! The pictures of the README: which scene, how large, in which light.

use std::path::Path;

use crate::ui::gallery::scenes;
use crate::ui::gallery::svg::{PictureStyle, svg};

/// A picture.
#[derive(Debug, Clone, Copy)]
pub struct Shot {
    /// Its file without the ending.
    pub name: &'static str,
    /// The scene.
    pub scene: &'static str,
    /// The window.
    pub size: (u16, u16),
    /// On a light terminal.
    pub light: bool,
}

const fn shot(name: &'static str, scene: &'static str, size: (u16, u16)) -> Shot {
    Shot { name, scene, size, light: false }
}

const WIDE: (u16, u16) = (120, 36);
const SMALL: (u16, u16) = (80, 24);

/// All pictures.
pub const SHOTS: [Shot; 16] = [
    shot("ca", "ca", WIDE),
    shot("cluster", "cluster", WIDE),
    shot("workers", "workers-problem", WIDE),
    shot("certificates", "certificates", WIDE),
    shot("review", "review", WIDE),
    shot("run", "run-middle", WIDE),
    shot("problem", "run-problem", WIDE),
    shot("diagnosis", "diagnosis", WIDE),
    shot("repair", "repair", WIDE),
    shot("live", "live-host", WIDE),
    shot("undo", "confirm-undo", WIDE),
    shot("run-80x24", "run-middle", SMALL),
    shot("review-80x24", "review", SMALL),
    shot("current-cluster", "current-cluster", WIDE),
    shot("current-live", "current-live-host", WIDE),
    Shot { name: "report-light", scene: "report", size: WIDE, light: true },
];

/// A picture as SVG; `None` = its scene cannot be made.
pub fn draw(shot: &Shot) -> Option<String> {
    let model = scenes::scene(shot.scene, shot.size)?;
    let look = if shot.light { PictureStyle::LIGHT } else { PictureStyle::DARK };
    Some(svg(&scenes::picture(&model), "gangplank", &look))
}

/// Writes all pictures to a folder, or with `check` compares; the names of those that differ.
///
/// # Errors
/// A file cannot be written, or a picture cannot be made.
pub fn write(folder: &Path, check: bool) -> std::io::Result<Vec<String>> {
    let mut old = Vec::new();
    if !check {
        std::fs::create_dir_all(folder)?;
    }
    for shot in &SHOTS {
        let svg =
            draw(shot).ok_or_else(|| std::io::Error::other(format!("{}: no such scene", shot.scene)))?;
        let (svg_file, png_file) =
            (folder.join(format!("{}.svg", shot.name)), folder.join(format!("{}.png", shot.name)));
        if std::fs::read(&svg_file).ok().as_deref() != Some(svg.as_bytes()) {
            old.push(format!("{}.svg", shot.name));
            if !check {
                std::fs::write(&svg_file, &svg)?;
            }
        }
        let hash = crate::plan::action::sha256(svg.as_bytes());
        let drawn = std::fs::read(&png_file).ok().and_then(|png| crate::ui::gallery::png::svg_hash_in(&png));
        if drawn.as_deref() != Some(hash.as_str()) {
            old.push(format!("{}.png", shot.name));
            #[cfg(feature = "png")]
            if !check {
                let png = crate::ui::gallery::png::png(&svg, 1.0).map_err(std::io::Error::other)?;
                std::fs::write(&png_file, png)?;
            }
        }
    }
    Ok(old)
}
