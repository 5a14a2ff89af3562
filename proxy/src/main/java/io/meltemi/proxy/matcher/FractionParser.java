package io.meltemi.proxy.matcher;

import io.envoyproxy.envoy.config.core.v3.RuntimeFractionalPercent;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;

/** Envoy percentages to fractions. There is no runtime layer, so defaults always hold. */
public final class FractionParser {
  private static final SupportedFields PERCENT =
      SupportedFields.of(FractionalPercent.class, "numerator", "denominator");
  private static final SupportedFields RUNTIME =
      SupportedFields.of(RuntimeFractionalPercent.class, "default_value", "runtime_key");

  private FractionParser() {}

  public static Fraction parse(FractionalPercent proto, ParseScope scope) {
    PERCENT.check(proto, scope);
    long numerator = Integer.toUnsignedLong(proto.getNumerator());
    return switch (proto.getDenominator()) {
      case HUNDRED -> new Fraction(numerator, 100);
      case TEN_THOUSAND -> new Fraction(numerator, 10_000);
      case MILLION -> new Fraction(numerator, 1_000_000);
      case UNRECOGNIZED -> {
        scope
            .field("denominator")
            .error(String.valueOf(proto.getDenominatorValue()), "HUNDRED, TEN_THOUSAND or MILLION");
        yield Fraction.NEVER;
      }
    };
  }

  /** The default value; {@code runtime_key} names an override that nobody can set here. */
  public static Fraction parse(RuntimeFractionalPercent proto, ParseScope scope) {
    RUNTIME.check(proto, scope);
    return parse(proto.getDefaultValue(), scope.field("default_value"));
  }
}
