//! Trouser, dress and bag.

use super::canvas::{Canvas, MIDDLE, Outline, Paint, Pattern};
use super::dice::Dice;

pub(super) fn trouser(canvas: &mut Canvas, dice: &mut Dice) {
    let pattern = match dice.pick(6) {
        0 => Pattern::Columns(dice.between(2.0, 3.0), dice.between(0.15, 0.4)),
        1 => Pattern::Checks(dice.between(2.5, 4.0), dice.between(0.2, 0.5)),
        _ => Pattern::Plain,
    };
    let paint = Paint { shade: dice.between(60.0, 235.0), pattern, roundness: 0.0, slope: dice.around(2.0) };
    let x = |x: f32| MIDDLE + x;
    let top = dice.between(1.0, 2.0);
    let waist = dice.between(3.2, 4.4);
    let hip = waist + dice.between(0.5, 1.4);
    let crotch = dice.between(9.0, 11.5);
    let hem = dice.between(22.5, 27.2);
    // The legs are together or apart, slim or flared.
    let stance = dice.between(0.1, 1.7);
    let (knee, ankle) = (dice.between(2.4, 3.4), dice.between(2.2, 4.2));
    let leg = |dy: f32| {
        let knee_y = (crotch + hem) * 0.5;
        Outline::at(x(0.0), top)
            .line(x(waist), top)
            .curve(x(hip), top + 3.0, x(hip), crotch - 1.0)
            .curve(x(stance + knee + 0.4), knee_y - 1.0, x(stance * 0.8 + knee), knee_y)
            .line(x(stance + ankle), hem + dy)
            .line(x(stance + 0.2), hem + dy + 0.3)
            .line(x(0.3), crotch + 0.8)
            .line(x(0.0), crotch)
    };
    let (right, left) = (leg(dice.around(0.3)), leg(dice.around(0.3)));
    canvas.fill(Outline::of_halves(right, left), paint);
    canvas.fill(Outline::rectangle(x(-0.25), crotch - 0.3, x(0.25), hem + 1.0), Paint::plain(0.0));
    let band = if dice.chance(3) { 1.3 } else { 0.6 };
    canvas.tone(Outline::rectangle(x(-hip), top + 1.4, x(hip), top + 2.2), band);
    canvas.tone(Outline::rectangle(x(-0.4), top + 1.8, x(0.4), crotch), dice.between(0.4, 0.7));
    let pocket = Outline::bar((x(1.8), top + 2.2), (x(hip), top + 4.6), (0.0, 0.8));
    canvas.tone(pocket.clone(), 0.65);
    canvas.tone(pocket.flipped(), 0.65);
    // A crease or a stripe of worn cloth down each leg.
    let light = if dice.chance(2) { dice.between(1.1, 1.45) } else { dice.between(0.7, 0.95) };
    let crease =
        Outline::bar((x(1.8), crotch - 2.0), (x(stance + ankle * 0.5 - 0.4), hem - 2.0), (dice.between(0.8, 1.8), 0.0));
    canvas.tone(crease.clone(), light);
    canvas.tone(crease.flipped(), light);
}

pub(super) fn dress(canvas: &mut Canvas, dice: &mut Dice) {
    let pattern = match dice.pick(5) {
        0 => Pattern::Rings(dice.between(3.0, 6.0), dice.between(0.2, 0.6)),
        1 => Pattern::Checks(dice.between(3.0, 4.0), dice.between(0.2, 0.5)),
        _ => Pattern::Plain,
    };
    let shade = dice.between(70.0, 245.0);
    let paint = Paint { shade, pattern, roundness: dice.between(0.0, 0.8), slope: dice.around(2.0) };
    let x = |x: f32| MIDDLE + x;
    let top = dice.between(0.8, 2.0);
    let (neck, strap) = (dice.between(1.6, 2.6), dice.between(0.8, 2.0));
    let neck_depth = dice.between(1.5, 5.0);
    let (bust, bust_y) = (dice.between(3.6, 4.6), dice.between(6.0, 7.2));
    let (waist, waist_y) = (dice.between(2.4, 3.6), dice.between(11.0, 13.5));
    let (hem, bottom) = (dice.between(3.6, 8.6), dice.between(24.0, 27.0));
    // A straight, a bell-shaped or a flared skirt.
    let bell = dice.between(waist + 0.4, hem + 0.6);
    let sleeve = match dice.pick(4) {
        0 => dice.between(1.0, 2.4),
        _ => 0.0,
    };
    let half = Outline::at(x(0.0), top + neck_depth)
        .curve(x(neck * 0.9), top + neck_depth, x(neck), top)
        .line(x(neck + strap), top + 0.3)
        .line(x(neck + strap + sleeve), top + 0.5 + sleeve * 1.5)
        .line(x(bust - 0.4 + sleeve), bust_y - 1.8 + sleeve * 0.6)
        .curve(x(bust - 0.8), bust_y - 1.0, x(bust), bust_y)
        .curve(x(bust - 0.2), bust_y + 2.0, x(waist), waist_y)
        .curve(x(bell), waist_y + 4.0, x(hem), bottom)
        .curve(x(hem * 0.5), bottom + 0.9, x(0.0), bottom + 0.9);
    canvas.fill(half.mirrored(), paint);
    let belt = if dice.chance(2) { dice.between(0.3, 0.6) } else { 0.85 };
    canvas.tone(Outline::rectangle(x(-4.5), waist_y - 0.6, x(4.5), waist_y + dice.between(0.2, 1.0)), belt);
    // Folds in the skirt.
    let depth = dice.between(0.6, 0.95);
    for at in [-0.55, 0.1, 0.6] {
        let fold =
            Outline::bar((x(at * waist), waist_y + 2.0), (x(at * hem), bottom + 1.0), (dice.between(0.5, 1.1), 0.0));
        canvas.tone(fold, depth);
    }
}

pub(super) fn bag(canvas: &mut Canvas, dice: &mut Dice) {
    let pattern = match dice.pick(6) {
        0 => Pattern::Checks(dice.between(3.0, 5.0), dice.between(0.2, 0.5)),
        1 => Pattern::Columns(dice.between(3.0, 5.0), dice.between(0.2, 0.5)),
        _ => Pattern::Plain,
    };
    let shade = dice.between(60.0, 240.0);
    let paint = Paint { shade, pattern, roundness: dice.between(0.0, 0.2), slope: dice.around(2.5) };
    let x = |x: f32| MIDDLE + x;
    let (wide, narrow) = (dice.between(8.5, 12.6), dice.between(7.5, 12.0));
    let (top, bottom) = (dice.between(10.0, 14.0), dice.between(22.5, 26.0));
    let corner = dice.between(0.8, 3.0);
    // The handle goes up from the body: high and narrow, low and wide, or a long strap.
    let (reach, rise) = (dice.between(3.5, 7.5), dice.between(0.5, 4.5));
    let (thick, strap) = (dice.between(0.9, 1.9), paint.times(dice.between(0.6, 0.95)));
    let pillar = (top - rise) * 0.45;
    let outer = Outline::band(
        (x(reach), top + 1.0),
        (x(reach * 0.98), rise - 0.5),
        (x(0.0), rise),
        (-thick * 0.75, thick * 0.9),
    );
    let handle = Paint { pattern: Pattern::Plain, ..strap };
    canvas.fill(outer.clone(), handle);
    canvas.fill(outer.flipped(), handle);
    let post = Outline::rectangle(x(reach - thick), top - pillar * 0.3, x(reach), top + 0.6);
    canvas.fill(post.clone(), handle);
    canvas.fill(post.flipped(), handle);
    let body = Outline::at(x(0.0), top)
        .line(x(narrow - 0.8), top)
        .curve(x(narrow), top, x(narrow), top + 0.9)
        .line(x(wide), bottom - corner)
        .curve(x(wide), bottom, x(wide - corner), bottom)
        .line(x(0.0), bottom)
        .mirrored();
    canvas.fill(body, paint);
    match dice.pick(3) {
        0 => {
            // A flap with a clasp.
            let low = dice.between(top + 4.0, top + 7.0);
            let flap =
                Outline::at(x(0.0), top).line(x(narrow), top).curve(x(narrow), low, x(0.0), low + 1.0).mirrored();
            canvas.tone(flap.clone(), dice.between(0.6, 0.85));
            let edge = Outline::band((x(narrow), top), (x(narrow), low), (x(0.0), low + 1.0), (0.0, 0.8));
            canvas.tone(edge.clone(), 0.45);
            canvas.tone(edge.flipped(), 0.45);
            let clasp = if shade > 140.0 { 15.0 } else { 240.0 };
            canvas.fill(Outline::rectangle(x(-1.0), low - 0.3, x(1.0), low + 1.9), Paint::plain(clasp));
        }
        1 => {
            // A zip, and a pocket in front.
            canvas.tone(Outline::rectangle(x(-narrow), top + 1.4, x(narrow), top + 2.2), 0.4);
            let (w, y) = (dice.between(4.0, 7.0), dice.between(top + 4.0, top + 6.0));
            canvas.tone(Outline::rectangle(x(-w), y, x(w), bottom - 1.8), dice.between(0.7, 0.9));
            canvas.tone(Outline::rectangle(x(-w), y, x(w), y + 0.9), 0.5);
        }
        _ => {
            // Straps sewn down the front.
            let factor = dice.between(0.45, 0.75);
            for at in [-reach, reach - 1.4] {
                canvas.tone(Outline::rectangle(x(at), top, x(at + 1.4), bottom), factor);
            }
            canvas.tone(Outline::rectangle(x(-narrow), top, x(narrow), top + 1.2), 0.7);
        }
    }
}
