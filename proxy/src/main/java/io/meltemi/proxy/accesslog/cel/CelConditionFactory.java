package io.meltemi.proxy.accesslog.cel;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.accesslog.LogConditionFactory;
import java.util.Optional;
import java.util.Set;

/** {@code envoy.access_loggers.extension_filters.cel}. */
public final class CelConditionFactory implements LogConditionFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(ExpressionFilter.class, "expression");

  private final Ticker ticker;

  /**
   * @param ticker of {@code request.time}
   */
  public CelConditionFactory(Ticker ticker) {
    this.ticker = ticker;
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(
        "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter");
  }

  /** A stream for which the expression has no value, or none of truth, is not logged. */
  @Override
  public Optional<LogCondition> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, ExpressionFilter.class)
        .flatMap(
            proto -> {
              FIELDS.check(proto, scope);
              try {
                Expression expression = ExpressionParser.parse(proto.getExpression(), ticker);
                return Optional.of(
                    info -> {
                      try {
                        return Values.truth(expression.value(info));
                      } catch (Failure e) {
                        return false;
                      }
                    });
              } catch (ExpressionParser.Unreadable e) {
                scope
                    .field("expression")
                    .error(proto.getExpression(), "an expression: " + e.getMessage());
                return Optional.empty();
              }
            });
  }
}
