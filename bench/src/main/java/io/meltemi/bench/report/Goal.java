package io.meltemi.bench.report;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The limits of a figure.
 *
 * @param ratio whether they are of ours over Envoy's in the same run; else of ours alone
 * @param floor what must hold
 * @param target what it is built for; empty when there is none
 * @param moonshot what would be remarkable; empty when there is none
 * @param moonshotPeer whose figure would be remarkable to reach; empty when nobody's
 */
public record Goal(
    boolean ratio,
    OptionalDouble floor,
    OptionalDouble target,
    OptionalDouble moonshot,
    Optional<String> moonshotPeer) {
  /** A figure that is reported and has no limit. */
  public static final Goal NONE =
      new Goal(
          true,
          OptionalDouble.empty(),
          OptionalDouble.empty(),
          OptionalDouble.empty(),
          Optional.empty());

  /** Ratios to Envoy. */
  public static Goal ratio(double floor, double target, double moonshot) {
    return new Goal(
        true,
        OptionalDouble.of(floor),
        OptionalDouble.of(target),
        OptionalDouble.of(moonshot),
        Optional.empty());
  }

  /** Ratios to Envoy without a moonshot of their own. */
  public static Goal ratio(double floor, double target) {
    return new Goal(
        true,
        OptionalDouble.of(floor),
        OptionalDouble.of(target),
        OptionalDouble.empty(),
        Optional.empty());
  }

  /** The same goal with another proxy's figure as its moonshot. */
  public Goal moonshotOf(String peer) {
    return new Goal(ratio, floor, target, moonshot, Optional.of(peer));
  }

  boolean hasMoonshot() {
    return moonshot.isPresent() || moonshotPeer.isPresent();
  }

  /** Values of ours alone. */
  public static Goal absolute(double floor, double target, double moonshot) {
    return new Goal(
        false,
        OptionalDouble.of(floor),
        OptionalDouble.of(target),
        OptionalDouble.of(moonshot),
        Optional.empty());
  }

  /** Where a value stands. */
  public Verdict verdict(Metric metric, double value) {
    if (floor.isEmpty()) {
      return Verdict.NO_FLOOR;
    }
    if (!Double.isFinite(value) || !metric.reaches(value, floor.getAsDouble())) {
      return Verdict.BELOW_FLOOR;
    }
    if (moonshot.isPresent() && metric.reaches(value, moonshot.getAsDouble())) {
      return Verdict.MOONSHOT;
    }
    if (target.isPresent() && metric.reaches(value, target.getAsDouble())) {
      return Verdict.TARGET;
    }
    return Verdict.FLOOR;
  }

  /** {@code 1.5× / 2.0×}: floor and target. */
  String text() {
    if (floor.isEmpty()) {
      return "–";
    }
    String unit = ratio ? "×" : " s";
    String text = format(floor.getAsDouble()) + unit;
    return target.isPresent() ? text + " / " + format(target.getAsDouble()) + unit : text;
  }

  private static String format(double value) {
    return String.format(Locale.ROOT, "%.2f", value).replaceAll("(\\.\\d)0$", "$1");
  }
}
