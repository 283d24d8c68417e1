//! T-shirt, pullover, coat and shirt: a body with two sleeves. They differ in their sleeves, collar and front.

use super::canvas::{Canvas, MIDDLE, Outline, Paint, Pattern};
use super::dice::Dice;

/// The measures that all tops have, in pixels. Horizontal measures are distances from the middle line.
struct Top {
    /// The height at which the shoulders begin.
    top: f32,
    neck: f32,
    neck_depth: f32,
    shoulder: f32,
    /// How much lower the outer end of a shoulder is than its beginning.
    fall: f32,
    chest: f32,
    armpit: f32,
    waist: f32,
    hem: f32,
    bottom: f32,
    /// How much lower the hem is in the middle.
    tail: f32,
    /// The outer and the inner corner of a cuff.
    cuff: [(f32, f32); 2],
    /// How far out an elbow is.
    elbow: f32,
}

impl Top {
    fn outline(&self, dice: &mut Dice) -> Outline {
        let right = self.half(dice.around(0.5), dice.around(0.6));
        let left = self.half(dice.around(0.5), dice.around(0.6));
        Outline::of_halves(right, left)
    }

    /// The outline of the right half. The end of its sleeve is moved by (dx, dy).
    fn half(&self, dx: f32, dy: f32) -> Outline {
        let x = |x: f32| MIDDLE + x;
        let [(ox, oy), (ix, iy)] = self.cuff;
        let shoulder = self.top + self.fall;
        Outline::at(x(0.0), self.top + self.neck_depth)
            .curve(x(self.neck * 0.8), self.top + self.neck_depth, x(self.neck), self.top)
            .line(x(self.shoulder), shoulder)
            .curve(x(self.elbow), shoulder + (oy - shoulder) * 0.3, x(ox + dx), oy + dy)
            .line(x(ix + dx), iy + dy)
            .line(x(self.chest), self.armpit)
            .curve(x(self.waist), (self.armpit + self.bottom) * 0.5, x(self.hem), self.bottom)
            .curve(x(self.hem * 0.5), self.bottom + self.tail, x(0.0), self.bottom + self.tail)
    }

    /// The inside of the back, seen through the neck.
    fn back_of_neck(&self, canvas: &mut Canvas, paint: Paint) {
        let neck = Outline::at(MIDDLE, self.top + 0.6)
            .curve(MIDDLE + self.neck * 0.6, self.top + 0.5, MIDDLE + self.neck, self.top - 0.2)
            .curve(MIDDLE + self.neck * 0.8, self.top + self.neck_depth, MIDDLE, self.top + self.neck_depth)
            .mirrored();
        canvas.fill(neck, Paint::plain(paint.shade * 0.5));
    }

    /// A band around the neck.
    fn neckband(&self, canvas: &mut Canvas, width: f32, factor: f32) {
        let half = Outline::band(
            (MIDDLE, self.top + self.neck_depth),
            (MIDDLE + self.neck * 0.8, self.top + self.neck_depth),
            (MIDDLE + self.neck, self.top),
            (0.0, width),
        );
        canvas.tone(half.clone(), factor);
        canvas.tone(half.flipped(), factor);
    }

    /// The seams from the armpits up to the shoulders.
    fn armholes(&self, canvas: &mut Canvas, factor: f32) {
        let seam = Outline::band(
            (MIDDLE + self.shoulder, self.top + self.fall),
            (MIDDLE + self.chest - 1.0, (self.top + self.armpit) * 0.5),
            (MIDDLE + self.chest, self.armpit),
            (-0.7, 0.0),
        );
        canvas.tone(seam.clone(), factor);
        canvas.tone(seam.flipped(), factor);
    }

    /// A band across both cuffs.
    fn cuffs(&self, canvas: &mut Canvas, height: f32, factor: f32) {
        let [(ox, oy), (ix, iy)] = self.cuff;
        let cuff = Outline::bar((MIDDLE + ox + 1.0, oy + 0.9), (MIDDLE + ix - 1.0, iy + 0.9), (0.0, -height));
        canvas.tone(cuff.clone(), factor);
        canvas.tone(cuff.flipped(), factor);
    }

    fn hem_band(&self, canvas: &mut Canvas, height: f32, factor: f32) {
        let (x, y) = (self.hem + 0.5, self.bottom);
        canvas.tone(Outline::rectangle(MIDDLE - x, y - height, MIDDLE + x, y + self.tail + 1.0), factor);
    }
}

fn cloth(dice: &mut Dice, low: f32, high: f32) -> Paint {
    Paint {
        shade: dice.between(low, high),
        pattern: Pattern::Plain,
        roundness: dice.between(0.0, 0.35),
        slope: dice.around(1.5),
    }
}

/// Sleeves down to the hem.
fn long_sleeves(dice: &mut Dice, low: f32) -> [(f32, f32); 2] {
    let (x, y) = (dice.between(10.6, 12.6), low - dice.between(0.5, 3.5));
    let width = dice.between(2.6, 3.4);
    [(x, y), (x - width, y + dice.between(0.3, 1.0))]
}

pub(super) fn t_shirt(canvas: &mut Canvas, dice: &mut Dice) {
    let mut paint = cloth(dice, 70.0, 250.0);
    match dice.pick(5) {
        0 => paint.pattern = Pattern::Rings(dice.between(3.0, 6.0), dice.between(0.3, 0.8)),
        1 => paint.pattern = Pattern::Columns(dice.between(2.5, 4.0), dice.between(0.15, 0.4)),
        _ => {}
    }
    let (cuff_x, cuff_y) = (dice.between(10.5, 13.0), dice.between(7.5, 10.5));
    let chest = dice.between(5.6, 7.0);
    let top = Top {
        top: dice.between(1.2, 2.2),
        neck: dice.between(2.4, 3.8),
        neck_depth: dice.between(1.6, 4.5),
        shoulder: chest + dice.between(0.3, 1.0),
        fall: dice.between(0.8, 1.6),
        chest,
        armpit: dice.between(9.0, 10.5),
        waist: chest - dice.between(0.0, 0.9),
        hem: chest + dice.around(0.5),
        bottom: dice.between(25.0, 26.5),
        tail: dice.between(0.0, 0.6),
        cuff: [(cuff_x, cuff_y), (cuff_x - dice.between(2.6, 3.8), cuff_y + dice.between(1.2, 2.4))],
        elbow: dice.between(9.0, 10.0),
    };
    top.back_of_neck(canvas, paint);
    canvas.fill(top.outline(dice), paint);
    top.neckband(canvas, 1.1, if dice.chance(2) { 0.7 } else { 1.2 });
    top.armholes(canvas, dice.between(0.75, 0.95));
    if dice.chance(3) {
        // A print on the chest.
        let (w, h, y) = (dice.between(2.0, 4.0), dice.between(2.0, 5.0), dice.between(9.0, 11.5));
        let print = Outline::at(MIDDLE, y).curve(MIDDLE + w, y, MIDDLE + w, y + h).line(MIDDLE, y + h).mirrored();
        let shade = if paint.shade > 150.0 { dice.between(0.0, 90.0) } else { dice.between(170.0, 255.0) };
        canvas.fill(print, Paint::plain(shade));
    }
}

pub(super) fn pullover(canvas: &mut Canvas, dice: &mut Dice) {
    let mut paint = cloth(dice, 60.0, 230.0);
    match dice.pick(4) {
        0 => paint.pattern = Pattern::Rings(dice.between(3.0, 7.0), dice.between(0.3, 0.7)),
        1 => paint.pattern = Pattern::Columns(dice.between(2.0, 3.0), dice.between(0.1, 0.3)),
        _ => {}
    }
    let bottom = dice.between(23.5, 25.5);
    let chest = dice.between(5.4, 6.6);
    let top = Top {
        top: dice.between(2.0, 3.0),
        neck: dice.between(2.2, 3.0),
        neck_depth: dice.between(0.9, 2.2),
        shoulder: chest + dice.between(0.0, 0.6),
        fall: dice.between(1.2, 2.0),
        chest,
        armpit: dice.between(10.0, 12.0),
        waist: chest + dice.around(0.3),
        hem: chest - dice.between(0.1, 0.8),
        bottom,
        tail: 0.0,
        cuff: long_sleeves(dice, bottom + 1.0),
        elbow: dice.between(9.6, 11.0),
    };
    let roll = dice.chance(3);
    if !roll {
        top.back_of_neck(canvas, paint);
    }
    canvas.fill(top.outline(dice), paint);
    if roll {
        let neck = Outline::at(MIDDLE, top.top - 1.8)
            .line(MIDDLE + top.neck - 0.4, top.top - 1.6)
            .line(MIDDLE + top.neck, top.top + 1.0)
            .curve(MIDDLE + 1.0, top.top + 2.2, MIDDLE, top.top + 2.2)
            .mirrored();
        canvas.fill(neck, paint.times(dice.between(0.75, 0.9)));
    } else {
        top.neckband(canvas, 1.4, dice.between(0.7, 0.85));
    }
    let rib = dice.between(0.6, 0.85);
    top.hem_band(canvas, dice.between(1.6, 2.6), rib);
    top.cuffs(canvas, dice.between(1.6, 2.4), rib);
    top.armholes(canvas, dice.between(0.7, 0.9));
    if dice.chance(4) {
        let (y, h) = (dice.between(9.0, 13.0), dice.between(2.0, 5.0));
        let factor = if dice.chance(2) { 0.45 } else { 1.6 };
        canvas.tone(Outline::rectangle(0.0, y, 28.0, y + h), factor);
    }
}

pub(super) fn coat(canvas: &mut Canvas, dice: &mut Dice) {
    let paint = cloth(dice, 45.0, 190.0);
    let chest = dice.between(6.0, 7.0);
    let top = Top {
        top: dice.between(1.4, 2.2),
        neck: dice.between(2.0, 2.8),
        neck_depth: 0.8,
        shoulder: chest + dice.between(0.2, 0.8),
        fall: dice.between(1.2, 1.8),
        chest,
        armpit: dice.between(9.5, 11.0),
        waist: chest - dice.between(0.2, 1.4),
        hem: chest + dice.between(0.3, 1.6),
        bottom: dice.between(26.0, 27.2),
        tail: 0.2,
        cuff: long_sleeves(dice, 24.5),
        elbow: dice.between(10.2, 11.6),
    };
    canvas.fill(top.outline(dice), paint);
    // The V-shaped opening, which shows what is worn under the coat, and the edge where the front closes.
    let v = dice.between(9.0, 14.5);
    let under = if dice.chance(3) { dice.between(190.0, 250.0) } else { dice.between(0.0, 35.0) };
    let opening = Outline::at(MIDDLE, top.top + 0.4).line(MIDDLE + top.neck * 0.9, top.top).line(MIDDLE, v).mirrored();
    canvas.fill(opening, Paint::plain(under));
    let open = dice.between(0.5, 1.1);
    canvas.fill(Outline::rectangle(MIDDLE - open * 0.5, v - 0.8, MIDDLE + open * 0.5, 27.8), Paint::plain(8.0));
    let lapel = Outline::at(MIDDLE + top.neck * 0.7, top.top - 0.7)
        .line(MIDDLE + top.neck + 0.8, top.top + 0.2)
        .line(MIDDLE + dice.between(3.6, 4.8), top.top + dice.between(3.6, 5.0))
        .line(MIDDLE + 0.5, v)
        .line(MIDDLE + top.neck * 0.8, top.top + 0.8);
    let collar = if dice.chance(3) { dice.between(1.7, 2.2) } else { dice.between(1.25, 1.45) };
    canvas.fill(lapel.clone(), Paint::plain(paint.shade * collar));
    canvas.fill(lapel.flipped(), Paint::plain(paint.shade * collar));
    top.armholes(canvas, dice.between(0.5, 0.75));
    let (pocket, slant) = (dice.between(17.0, 19.5), dice.around(0.8));
    let flap = Outline::bar((MIDDLE + 2.6, pocket + slant), (MIDDLE + 5.6, pocket - slant), (0.0, 1.0));
    canvas.tone(flap.clone(), 0.45);
    canvas.tone(flap.flipped(), 0.45);
    let columns: &[f32] = if dice.chance(2) { &[-2.4, 1.4] } else { &[1.1] };
    let button = if paint.shade > 120.0 { 15.0 } else { 225.0 };
    for x in columns {
        for i in 0..3 {
            let (x, y) = (MIDDLE + x, v + 1.0 + 3.6 * i as f32);
            canvas.fill(Outline::rectangle(x, y, x + 1.0, y + 1.0), Paint::plain(button));
        }
    }
    if dice.chance(3) {
        let belt = Outline::rectangle(MIDDLE - chest, 15.2, MIDDLE + chest, 16.8);
        canvas.tone(belt, dice.between(0.4, 0.6));
    }
}

pub(super) fn shirt(canvas: &mut Canvas, dice: &mut Dice) {
    let mut paint = cloth(dice, 110.0, 245.0);
    match dice.pick(4) {
        0 => paint.pattern = Pattern::Columns(dice.between(2.0, 3.5), dice.between(0.2, 0.5)),
        1 => paint.pattern = Pattern::Checks(dice.between(3.0, 5.0), dice.between(0.4, 0.8)),
        _ => {}
    }
    let bottom = dice.between(24.0, 25.2);
    let chest = dice.between(5.2, 6.2);
    let cuff = if dice.chance(4) { [(11.5, 11.5), (8.4, 13.0)] } else { long_sleeves(dice, bottom) };
    let top = Top {
        top: dice.between(2.0, 2.8),
        neck: dice.between(1.9, 2.5),
        neck_depth: 1.2,
        shoulder: chest + dice.between(0.2, 0.7),
        fall: dice.between(1.0, 1.8),
        chest,
        armpit: dice.between(9.2, 10.5),
        waist: chest - dice.between(0.2, 1.0),
        hem: chest + dice.around(0.3),
        bottom,
        // The part of a shirt that is tucked in.
        tail: dice.between(1.4, 2.4),
        cuff,
        elbow: dice.between(9.4, 10.6),
    };
    canvas.fill(top.outline(dice), paint);
    top.armholes(canvas, dice.between(0.75, 0.92));
    top.cuffs(canvas, 1.6, if dice.chance(2) { 0.7 } else { 1.25 });
    let tip = top.top + dice.between(3.4, 4.6);
    canvas.fill(
        Outline::at(MIDDLE, top.top).line(MIDDLE + 1.4, top.top).line(MIDDLE, tip - 0.8).mirrored(),
        Paint::plain(25.0),
    );
    let collar = Outline::at(MIDDLE + 0.1, tip - 1.3)
        .line(MIDDLE + top.neck * 0.8, top.top - 0.9)
        .line(MIDDLE + top.neck + 0.6, top.top + 0.2)
        .line(MIDDLE + dice.between(2.2, 3.2), tip);
    let shade = if dice.chance(3) { 250.0 } else { (paint.shade * 1.3).min(255.0) };
    for collar in [collar.clone(), collar.flipped()] {
        canvas.tone(collar.clone(), 0.2);
        canvas.fill(collar, Paint::plain(shade));
    }
    // The strip with the buttons.
    canvas.tone(Outline::rectangle(MIDDLE - 1.2, tip - 0.8, MIDDLE - 0.4, bottom + 2.0), 0.5);
    canvas.tone(Outline::rectangle(MIDDLE + 0.9, tip - 0.8, MIDDLE + 1.4, bottom + 2.0), 0.7);
    let gap = dice.between(3.2, 4.2);
    for i in 0..5 {
        let y = tip + 0.8 + gap * i as f32;
        canvas.fill(Outline::rectangle(MIDDLE - 0.3, y, MIDDLE + 0.7, y + 1.0), Paint::plain(20.0));
    }
    if dice.chance(2) {
        let (x, y) = (MIDDLE + 2.3, dice.between(9.2, 10.6));
        canvas.tone(Outline::rectangle(x, y, x + 3.0, y + 3.4), 0.8);
        canvas.tone(Outline::rectangle(x, y, x + 3.0, y + 0.8), 0.7);
    }
}
