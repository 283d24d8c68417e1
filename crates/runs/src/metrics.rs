//! `metrics.csv`: one line per epoch. `docs/training.md` explains the columns.

use handgrad_layers::Loss;
use handgrad_trainer::EpochRecord;

/// The first line with the names of the columns, for a loss that is the sum of these terms.
pub fn header(terms: &[&str]) -> String {
    let columns = |set: &str| terms.iter().map(|term| format!("{set}_{}", snake(term))).collect::<Vec<_>>().join(",");
    let (train, validation) = (columns("train"), columns("val"));
    format!(
        "epoch,train_loss,val_loss,learning_rate,{train},{validation},\
         val_reconstruction_per_value,val_reconstruction_per_sample,seconds,images_per_second\n"
    )
}

/// The line of an epoch. `features` is the number of values of a sample.
pub fn line(record: &EpochRecord, loss: Loss, features: usize) -> String {
    let EpochRecord { epoch, learning_rate, train_loss, validation_loss, seconds, samples_per_second, .. } = record;
    let values = |terms: &[(&str, f64)]| terms.iter().map(|term| term.1.to_string()).collect::<Vec<_>>().join(",");
    let (train, validation) = (values(&record.train_terms), values(&record.validation_terms));
    let reconstruction = record.validation_terms.first().map_or(f64::NAN, |term| term.1);
    let [per_value, per_sample] = loss.per_value_and_sample(reconstruction, features);
    format!(
        "{epoch},{train_loss},{validation_loss},{learning_rate},{train},{validation},\
         {per_value},{per_sample},{seconds:.6},{samples_per_second:.1}\n"
    )
}

/// The name of a term in the name of a column: `KL divergence` becomes `kl_divergence`.
fn snake(name: &str) -> String {
    name.to_lowercase().replace(' ', "_")
}
