//! Colours by role and glyphs with their ASCII twins; the only file that names a colour. The background is
//! never painted, so the person's own theme decides whether it is light or dark.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

use crate::ui::wizard::role::{Palette, Role, Theme};

/// Signs; each stands next to a word or a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph {
    /// Done, good.
    Ok,
    /// Something is wrong.
    Bad,
    /// Going on.
    Running,
    /// To come.
    Waiting,
    /// Held back.
    Held,
    /// As it was.
    Same,
    /// Look at it.
    Warn,
    /// The chosen row.
    Here,
    /// Not for this place.
    None,
    /// The full part of a bar.
    Full,
    /// The empty part of a bar.
    Empty,
    /// There is more.
    More,
    /// Chosen of several.
    Chosen,
    /// Not chosen of several.
    Other,
}

/// How a theme is drawn.
pub trait Paint {
    /// The style of a role.
    fn style(&self, role: Role) -> Style;
    /// A sign.
    fn glyph(&self, glyph: Glyph) -> &'static str;
    /// The lines around a pane.
    fn border(&self, focus: bool) -> border::Set<'static>;
}

impl Paint for Theme {
    fn style(&self, role: Role) -> Style {
        let plain = Style::new();
        match self.palette {
            Palette::Ansi | Palette::BlueOrange => {
                let (good, wrong) = if self.palette == Palette::Ansi {
                    (plain.fg(Color::Green), plain.fg(Color::Red).add_modifier(Modifier::BOLD))
                } else {
                    (plain.fg(Color::LightBlue), plain.fg(Color::Magenta).add_modifier(Modifier::BOLD))
                };
                match role {
                    Role::Text => plain,
                    Role::Dim | Role::Border => plain.add_modifier(Modifier::DIM),
                    // Plain blue cannot be read on black.
                    Role::Accent | Role::BorderFocus => {
                        plain.fg(Color::LightBlue).add_modifier(Modifier::BOLD)
                    }
                    Role::Focus => plain.add_modifier(Modifier::REVERSED),
                    Role::Ok | Role::Added => good,
                    Role::Bad | Role::Removed => wrong,
                    Role::Running | Role::Code => plain.fg(Color::Cyan),
                    Role::Warn | Role::Changed => plain.fg(Color::Yellow),
                    Role::Key => plain.add_modifier(Modifier::BOLD),
                }
            }
            Palette::Contrast => match role {
                Role::Text | Role::Dim | Role::Border | Role::Code => plain,
                Role::Ok | Role::Accent | Role::Key | Role::Added | Role::BorderFocus => {
                    plain.add_modifier(Modifier::BOLD)
                }
                Role::Running | Role::Changed => plain.add_modifier(Modifier::UNDERLINED),
                Role::Warn => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
                Role::Bad | Role::Removed | Role::Focus => {
                    plain.add_modifier(Modifier::BOLD | Modifier::REVERSED)
                }
            },
            Palette::Mono => match role {
                Role::Text | Role::Ok | Role::Code | Role::Added => plain,
                Role::Dim | Role::Border => plain.add_modifier(Modifier::DIM),
                Role::Running | Role::Warn | Role::Key | Role::BorderFocus | Role::Changed => {
                    plain.add_modifier(Modifier::BOLD)
                }
                Role::Accent => plain.add_modifier(Modifier::UNDERLINED),
                Role::Bad | Role::Removed | Role::Focus => plain.add_modifier(Modifier::REVERSED),
            },
        }
    }

    fn glyph(&self, glyph: Glyph) -> &'static str {
        let (sign, ascii) = match glyph {
            Glyph::Ok => ("✓", "v"),
            Glyph::Bad => ("✗", "x"),
            Glyph::Running => ("●", "*"),
            Glyph::Waiting => ("○", "o"),
            Glyph::Held => ("■", "#"),
            Glyph::Same => ("·", "."),
            Glyph::Warn => ("!", "!"),
            Glyph::Here => ("▶", ">"),
            Glyph::None => ("–", "-"),
            Glyph::Full => ("█", "="),
            Glyph::Empty => ("░", "."),
            Glyph::More => ("…", "~"),
            Glyph::Chosen => ("(•)", "(*)"),
            Glyph::Other => ("( )", "( )"),
        };
        if self.ascii { ascii } else { sign }
    }

    fn border(&self, focus: bool) -> border::Set<'static> {
        const ASCII: border::Set = border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        };
        const ASCII_FOCUS: border::Set = border::Set { horizontal_top: "=", horizontal_bottom: "=", ..ASCII };
        match (self.ascii, focus) {
            (true, false) => ASCII,
            (true, true) => ASCII_FOCUS,
            (false, false) => border::PLAIN,
            (false, true) => border::THICK,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::wizard::role::ROLES;

    #[test]
    fn no_color_takes_every_colour_away() {
        let theme = Theme { palette: Palette::Mono, ascii: false };
        for role in ROLES {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }

    #[test]
    fn no_role_is_written_in_dark_blue_and_ascii_signs_of_good_and_added_differ() {
        for palette in [Palette::Ansi, Palette::BlueOrange, Palette::Contrast, Palette::Mono] {
            let theme = Theme { palette, ascii: true };
            for role in ROLES {
                assert_ne!(theme.style(role).fg, Some(Color::Blue), "{palette:?} {role:?}");
            }
            // An added action is marked with a plus.
            assert_ne!(theme.glyph(Glyph::Ok), "+");
        }
    }

    #[test]
    fn good_and_bad_differ_in_more_than_colour() {
        for palette in [Palette::Ansi, Palette::BlueOrange, Palette::Contrast, Palette::Mono] {
            let theme = Theme { palette, ascii: false };
            let (good, bad) = (theme.style(Role::Ok), theme.style(Role::Bad));
            assert_ne!(good.add_modifier, bad.add_modifier, "{palette:?}");
            assert_ne!(theme.glyph(Glyph::Ok), theme.glyph(Glyph::Bad));
        }
    }
}
