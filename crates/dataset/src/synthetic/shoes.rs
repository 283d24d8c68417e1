//! Sandal, sneaker and ankle boot, seen from the side, with the toe to the left.

use super::canvas::{Canvas, Outline, Paint, Pattern};
use super::dice::Dice;

pub(super) fn sandal(canvas: &mut Canvas, dice: &mut Dice) {
    let leather = Paint::plain(dice.between(110.0, 250.0));
    let sole = Paint::plain(dice.between(70.0, 230.0));
    let rise = if dice.chance(3) { 0.0 } else { dice.between(1.0, 7.0) };
    let ground = dice.between(22.5, 24.5);
    let ball = ground - dice.between(1.0, 2.2);
    let heel = ball - rise;
    let thick = dice.between(1.2, 2.0);
    // The top of the sole is level under the ball of the foot, then rises to the heel.
    let top = |x: f32| {
        let t = ((x - 10.0) / 11.0).clamp(0.0, 1.0);
        ball - rise * t * t * (3.0 - 2.0 * t)
    };
    let points = [2.0, 6.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 22.0, 25.5];
    let mut plate = Outline::at(1.2, top(2.0) - 0.3);
    for x in points {
        plate = plate.line(x, top(x));
    }
    let wedge = rise > 0.0 && dice.chance(3);
    if wedge {
        plate = plate.line(26.0, ground).line(4.0, ground);
    } else {
        for x in points.iter().rev() {
            plate = plate.line(*x, top(*x) + thick);
        }
    }
    canvas.fill(plate, sole);
    if !wedge {
        canvas.fill(
            Outline::bar((2.5, ball + thick), (10.5, ball + thick), (0.0, ground - ball - thick)),
            sole.times(0.8),
        );
        let width = dice.between(1.0, 4.0);
        canvas.fill(
            Outline::at(25.6 - width - 0.8, heel + 0.6).line(25.6, heel).line(25.0, ground).line(25.0 - width, ground),
            sole.times(0.85),
        );
    }
    // Bands go from the sole up over the foot, crossed or side by side. A single band is broad.
    let count = 1 + dice.pick(3);
    let width = if count == 1 { dice.between(4.0, 6.0) } else { dice.between(1.8, 3.0) };
    let instep = |x: f32| top(x) - 3.6 - (x - 4.0) * 0.5;
    let lean = dice.between(0.5, 3.6);
    let crossed = dice.chance(2);
    for i in 0..count {
        let x = 4.0 + 3.4 * i as f32;
        let (from, to) = ((x, top(x) + 0.3), (x + lean, instep(x + lean)));
        canvas.fill(Outline::band(from, (x - 0.2, to.1 + 1.0), to, (width, 0.2)), leather);
        if crossed {
            let back = (x + lean + 3.2, top(x + lean + 3.2) + 0.3);
            canvas.fill(Outline::band(to, (to.0 + 2.4, to.1), back, (width, 0.4)), leather.times(0.85));
        }
    }
    if dice.pick(6) > 0 {
        ankle_strap(canvas, dice, leather, heel, |x| (top(x), instep(x)));
    }
}

/// Draws the strap around the ankle and the strap that holds it. `foot` gives the height of the sole and of the instep
/// at some x.
fn ankle_strap(canvas: &mut Canvas, dice: &mut Dice, leather: Paint, heel: f32, foot: impl Fn(f32) -> (f32, f32)) {
    let high = heel - dice.between(6.5, 10.0);
    let front = dice.between(14.0, 16.5);
    let dip = (20.0, high + dice.between(0.5, 2.5));
    canvas.fill(Outline::band((front, high + 1.0), dip, (25.2, high - 0.4), (0.0, 2.0)), leather);
    let behind = (25.2, (high + heel) * 0.5);
    canvas.fill(Outline::band((24.0, high), behind, (24.0, heel + 0.4), (2.0, 0.0)), leather);
    if dice.chance(2) {
        // The strap that holds it goes along the foot to the toes.
        let bar = Outline::band((front, high + 1.4), (12.0, foot(11.0).1), (7.5, foot(7.5).1 + 0.8), (0.4, 1.9));
        canvas.fill(bar, leather);
    } else {
        // The strap that holds it goes straight down to the sole.
        let low = (front - 1.0, foot(front - 1.0).0 + 0.4);
        canvas.fill(Outline::band((front, high + 1.2), (front - 1.5, low.1 - 3.0), low, (1.8, 0.0)), leather);
    }
    let buckle = if leather.shade > 170.0 { 60.0 } else { 250.0 };
    canvas.fill(Outline::rectangle(front + 3.0, high + 0.9, front + 4.2, high + 2.6), Paint::plain(buckle));
}

pub(super) fn sneaker(canvas: &mut Canvas, dice: &mut Dice) {
    let upper = Paint {
        shade: dice.between(50.0, 235.0),
        pattern: if dice.chance(5) { Pattern::Checks(2.5, 0.4) } else { Pattern::Plain },
        roundness: 0.0,
        slope: dice.between(-3.0, 1.0),
    };
    let sole = if dice.chance(4) { dice.between(40.0, 110.0) } else { dice.between(190.0, 255.0) };
    let ground = dice.between(20.5, 22.5);
    let edge = ground - dice.between(1.6, 3.0);
    let toe = edge - dice.between(2.6, 3.8);
    let tongue = (dice.between(11.5, 14.0), dice.between(9.0, 11.0));
    let collar = dice.between(12.0, 13.6);
    let heel = dice.between(9.2, 11.2);
    let shoe = Outline::at(1.8, edge + 0.8)
        .curve(1.2, toe + 0.4, 4.6, toe)
        .curve(8.5, toe - 0.6, tongue.0 - 1.2, tongue.1 + 0.6)
        .line(tongue.0 + 1.0, tongue.1)
        .curve(tongue.0 + 3.0, collar + 1.0, 20.0, collar)
        .curve(23.4, collar - 0.6, 24.2, heel)
        .curve(26.6, heel + 0.2, 25.8, heel + 3.4)
        .curve(25.2, edge - 2.0, 26.0, edge + 0.8);
    canvas.fill(shoe, upper);
    // The inside, the toe cap and the heel counter.
    canvas.tone(
        Outline::band((tongue.0 + 1.6, tongue.1 + 1.2), (17.0, collar + 1.4), (23.0, collar + 0.3), (0.0, 1.0)),
        0.55,
    );
    if dice.chance(2) {
        let cap = Outline::at(1.4, edge + 0.6).curve(1.2, toe + 0.3, 4.8, toe).curve(7.4, toe + 1.4, 7.0, edge + 0.6);
        canvas.fill(cap, Paint::plain(if dice.chance(2) { sole } else { upper.shade * 0.6 }));
    }
    let counter =
        Outline::at(22.2, edge).curve(22.4, heel + 4.0, 24.4, heel + 0.6).line(26.0, heel + 1.0).line(26.0, edge);
    canvas.tone(counter, dice.between(0.5, 1.5));
    // Stripes on the side, or a curved mark.
    let mark = Paint::plain(if upper.shade > 140.0 { dice.between(0.0, 70.0) } else { dice.between(190.0, 255.0) });
    match dice.pick(4) {
        0 => {
            for i in 0..3 {
                let x = 13.0 + 2.5 * i as f32;
                canvas.fill(Outline::bar((x, collar + 1.6), (x - 2.0, edge), (1.2, 0.0)), mark);
            }
        }
        1 => {
            let swing = Outline::at(9.0, edge - 2.4).curve(12.0, edge + 0.8, 22.5, collar + 1.8).curve(
                13.0,
                edge - 1.0,
                9.0,
                edge - 2.4,
            );
            canvas.fill(swing, mark);
        }
        2 => canvas.fill(Outline::bar((9.5, edge - 1.2), (22.0, edge - 2.6), (0.0, 1.1)), mark),
        _ => {}
    }
    let lace = Paint::plain(if upper.shade > 170.0 { 40.0 } else { 245.0 });
    for i in 0..4 {
        let t = i as f32 / 3.6;
        let (x, y) = (6.6 + (tongue.0 - 7.6) * t, toe - 0.1 + (tongue.1 + 1.2 - toe) * t);
        canvas.fill(Outline::bar((x, y), (x + 1.7, y + 1.9), (0.8, -0.3)), lace);
    }
    let plate = Outline::at(1.0, edge + 0.2)
        .curve(13.0, edge + dice.between(0.0, 1.0), 26.6, edge - dice.between(0.0, 1.0))
        .curve(27.0, ground - 0.6, 25.6, ground)
        .line(4.0, ground)
        .curve(1.2, ground, 1.0, edge + 0.2);
    canvas.fill(plate, Paint::plain(sole));
    canvas.tone(Outline::rectangle(3.0, ground - 0.7, 26.0, ground + 0.2), 0.6);
}

pub(super) fn ankle_boot(canvas: &mut Canvas, dice: &mut Dice) {
    let leather = Paint {
        shade: dice.between(60.0, 225.0),
        pattern: Pattern::Plain,
        roundness: dice.between(0.0, 0.2),
        slope: dice.between(-2.5, 1.0),
    };
    let ground = dice.between(25.0, 26.8);
    let rise = dice.between(1.2, 5.5);
    let (front, back) = (dice.between(11.0, 13.5), dice.between(22.5, 24.8));
    let top = dice.between(2.0, 6.5);
    // A high heel lifts the sole behind the ball of the foot.
    let (ball, heel) = (ground - 1.0, ground - rise);
    let vamp = ball - dice.between(3.6, 5.0);
    let boot = Outline::at(2.0, ball)
        .curve(1.0, vamp + 0.6, 5.4, vamp)
        .curve(11.2, vamp - 1.4, front + 0.4, vamp - 6.0)
        .line(front - dice.between(0.0, 1.2), top + 0.4)
        .line(back, top)
        .curve(back - dice.between(0.4, 1.6), (top + heel) * 0.5 + 1.5, 25.0, heel - 1.8)
        .line(25.2, heel)
        .curve(17.0, heel + 0.2, 11.0, ball);
    canvas.fill(boot, leather);
    let sole = Paint::plain(if dice.chance(3) { dice.between(170.0, 240.0) } else { leather.shade * 0.5 });
    let plate = Outline::at(1.6, ball - 0.2)
        .line(11.0, ball - 0.2)
        .curve(17.0, heel, 25.4, heel - 0.4)
        .line(25.4, heel + 0.7)
        .curve(17.0, heel + 1.2, 11.0, ground)
        .line(2.4, ground);
    canvas.fill(plate, sole);
    let width = dice.between(3.0, 6.5);
    let block =
        Outline::at(25.4 - width - 1.0, heel + 0.2).line(25.4, heel).line(25.0, ground).line(25.2 - width, ground);
    canvas.fill(block, sole);
    match dice.pick(4) {
        0 => {
            // Elastic at the side.
            let middle = (front + back) * 0.5;
            let gusset = Outline::at(middle - 2.2, top + 0.6)
                .line(middle + 2.2, top + 0.6)
                .curve(middle + 1.4, top + 7.0, middle, top + 8.5)
                .curve(middle - 1.4, top + 7.0, middle - 2.2, top + 0.6);
            canvas.tone(gusset, dice.between(0.35, 0.6));
        }
        1 => {
            // Laces up the front.
            let lace = Paint::plain(if leather.shade > 150.0 { 25.0 } else { 235.0 });
            for i in 0..5 {
                let y = top + 1.6 + (vamp - top - 3.6) * i as f32 / 4.4;
                let x = front - 0.2 - if i == 4 { 2.0 } else { 0.0 };
                canvas.fill(Outline::bar((x, y), (x + 2.8, y + 0.9), (0.0, 0.9)), lace);
            }
        }
        2 => {
            // A zip.
            let x = dice.between(front + 4.0, back - 3.0);
            canvas.tone(Outline::bar((x, top + 0.4), (x + 0.6, heel - 2.0), (0.9, 0.0)), 0.4);
        }
        _ => {
            // A strap with a buckle.
            let y = vamp - dice.between(3.0, 5.0);
            canvas.tone(Outline::band((front - 0.4, y + 1.6), (18.0, y + 1.8), (25.0, y), (0.0, 1.7)), 0.5);
            canvas.fill(Outline::rectangle(16.5, y + 1.3, 18.5, y + 3.2), Paint::plain(240.0));
        }
    }
    if dice.chance(2) {
        // A cuff of lining or fur.
        let shade = if dice.chance(2) { dice.between(200.0, 250.0) } else { leather.shade * 0.6 };
        let height = dice.between(1.0, 2.6);
        canvas
            .fill(Outline::bar((front - 1.0, top + 0.3), (back + 0.3, top - 0.1), (0.0, height)), Paint::plain(shade));
    }
    canvas.tone(Outline::band((11.2, vamp - 2.0), (13.6, vamp), (14.5, ball), (0.8, 0.0)), dice.between(0.55, 0.85));
}
