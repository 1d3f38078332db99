//! An SVG as PNG (feature `png`), and the note inside each PNG of which SVG it was drawn from, which can be
//! read without the feature.

/// The note's keyword.
const KEYWORD: &[u8] = b"svg-sha256";
const SIGNATURE: [u8; 8] = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n'];

/// A chunk's kind and content, and what follows it.
fn chunk(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(4)?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let (kind, rest) = rest.split_at_checked(4)?;
    let (content, rest) = rest.split_at_checked(length)?;
    let (_, rest) = rest.split_at_checked(4)?;
    Some((kind, content, rest))
}

/// The SHA-256 of the SVG a PNG was drawn from, lower-case hex; `None` when it does not say.
pub fn svg_hash_in(png: &[u8]) -> Option<String> {
    let mut rest = png.strip_prefix(&SIGNATURE)?;
    while let Some((kind, content, next)) = chunk(rest) {
        if kind == b"tEXt"
            && let Some(text) = content.strip_prefix(KEYWORD).and_then(|text| text.strip_prefix(&[0]))
        {
            return String::from_utf8(text.to_vec()).ok();
        }
        rest = next;
    }
    None
}

/// The PNG with the note behind its header; `None` when it is no PNG.
pub fn with_svg_hash(png: &[u8], hash: &str) -> Option<Vec<u8>> {
    let body = png.strip_prefix(&SIGNATURE)?;
    let (_, _, rest) = chunk(body)?;
    let header = body.len().saturating_sub(rest.len());
    let content = [KEYWORD, &[0], hash.as_bytes()].concat();
    let checked = [b"tEXt".as_slice(), &content].concat();
    let length = u32::try_from(content.len()).ok()?;
    let mut out = Vec::with_capacity(png.len().saturating_add(content.len()).saturating_add(12));
    out.extend_from_slice(&SIGNATURE);
    out.extend_from_slice(body.get(..header)?);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&checked);
    out.extend_from_slice(&crc32(&checked).to_be_bytes());
    out.extend_from_slice(rest);
    Some(out)
}

/// The checksum of PNG chunks.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            },
        )
    })
}

#[cfg(feature = "png")]
pub use draw::{PngError, png};

#[cfg(feature = "png")]
mod draw {
    use std::path::PathBuf;
    use std::sync::Arc;

    use resvg::{tiny_skia, usvg};

    use crate::plan::action::sha256;

    const FAMILY: &str = "DejaVu Sans Mono";
    const FILES: [&str; 4] = [
        "DejaVuSansMono.ttf",
        "DejaVuSansMono-Bold.ttf",
        "DejaVuSansMono-Oblique.ttf",
        "DejaVuSansMono-BoldOblique.ttf",
    ];
    const FOLDERS: [&str; 6] = [
        "/usr/share/fonts/truetype/dejavu",
        "/usr/share/fonts/dejavu",
        "/usr/share/fonts/dejavu-sans-mono-fonts",
        "/usr/share/fonts/TTF",
        "/usr/local/share/fonts",
        "/Library/Fonts",
    ];

    /// Why there is no picture.
    #[derive(Debug, thiserror::Error)]
    pub enum PngError {
        /// The font is not installed.
        #[error(
            "DejaVuSansMono.ttf and -Bold.ttf are in none of {folders}: install the package fonts-dejavu-core"
        )]
        NoFont {
            /// Where it was looked for.
            folders: String,
        },
        /// The SVG cannot be read.
        #[error("the SVG cannot be read: {0}")]
        Svg(#[from] usvg::Error),
        /// The picture is too large or empty.
        #[error("a picture of {0} x {1} pixels cannot be made")]
        Size(u32, u32),
        /// The PNG cannot be written.
        #[error("the PNG cannot be written: {0}")]
        Encode(String),
    }

    fn fonts() -> Result<usvg::fontdb::Database, PngError> {
        let mut all = usvg::fontdb::Database::new();
        let no_font = || PngError::NoFont { folders: FOLDERS.join(", ") };
        let has_both = |folder: &PathBuf| FILES.iter().take(2).all(|file| folder.join(file).is_file());
        let folder = FOLDERS.iter().map(PathBuf::from).find(has_both).ok_or_else(no_font)?;
        for file in FILES {
            // The slanted ones are in a package of their own: without them italics stand upright.
            if let Ok(bytes) = std::fs::read(folder.join(file)) {
                all.load_font_data(bytes);
            }
        }
        all.set_monospace_family(FAMILY);
        Ok(all)
    }

    /// The SVG as PNG, `zoom` pixels to one of the SVG's.
    pub fn png(svg: &str, zoom: f32) -> Result<Vec<u8>, PngError> {
        let options = usvg::Options {
            font_family: FAMILY.to_owned(),
            fontdb: Arc::new(fonts()?),
            ..usvg::Options::default()
        };
        let tree = usvg::Tree::from_str(svg, &options)?;
        let size = tree.size().to_int_size();
        let size = size.scale_by(zoom).ok_or(PngError::Size(size.width(), size.height()))?;
        let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height())
            .ok_or(PngError::Size(size.width(), size.height()))?;
        resvg::render(&tree, tiny_skia::Transform::from_scale(zoom, zoom), &mut pixels.as_mut());
        let png = pixels.encode_png().map_err(|error| PngError::Encode(error.to_string()))?;
        super::with_svg_hash(&png, &sha256(svg.as_bytes()))
            .ok_or_else(|| PngError::Encode("it has no header".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One black pixel.
    fn small() -> Vec<u8> {
        let chunk = |kind: &[u8], content: &[u8]| {
            let checked = [kind, content].concat();
            let length = u32::try_from(content.len()).unwrap().to_be_bytes();
            [length.as_slice(), &checked, &crc32(&checked).to_be_bytes()].concat()
        };
        let header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
        [SIGNATURE.to_vec(), chunk(b"IHDR", &header), chunk(b"IEND", &[])].concat()
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // The IEND chunk that ends every PNG.
        assert_eq!(crc32(b"IEND"), 0xae42_6082);
    }

    #[test]
    fn a_picture_tells_what_it_was_drawn_from() {
        let png = small();
        assert_eq!(svg_hash_in(&png), None);
        let noted = with_svg_hash(&png, "abc123").unwrap();
        assert_eq!(svg_hash_in(&noted).as_deref(), Some("abc123"));
        assert!(noted.ends_with(&png[png.len() - 12..]), "nothing else is changed");
        for end in 0..noted.len() {
            let _ = svg_hash_in(&noted[..end]);
        }
        assert_eq!(with_svg_hash(b"no picture", "abc123"), None);
    }

    #[cfg(feature = "png")]
    #[test]
    fn a_screen_is_drawn() {
        use ratatui::buffer::Buffer;

        use crate::plan::action::sha256;
        use crate::ui::gallery::svg::{PictureStyle, svg};

        let svg = svg(&Buffer::with_lines(["┌──┐", "│ok│", "└──┘"]), "ok", &PictureStyle::DARK);
        let png = png(&svg, 2.0).unwrap();
        assert_eq!(svg_hash_in(&png), Some(sha256(svg.as_bytes())));
    }
}
