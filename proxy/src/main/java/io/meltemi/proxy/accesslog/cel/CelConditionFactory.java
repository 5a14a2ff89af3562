package io.meltemi.proxy.accesslog.cel;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter;
import io.meltemi.proxy.cel.BadExpressionException;
import io.meltemi.proxy.cel.CelExpression;
import io.meltemi.proxy.cel.CelExpressions;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.accesslog.LogConditionFactory;
import java.util.Optional;
import java.util.Set;

/** {@code envoy.access_loggers.extension_filters.cel}. */
public final class CelConditionFactory implements LogConditionFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(ExpressionFilter.class, "expression");

  private final CelExpressions expressions;

  public CelConditionFactory(CelExpressions expressions) {
    this.expressions = expressions;
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
                CelExpression expression = expressions.parse(proto.getExpression());
                return Optional.of(expression::holds);
              } catch (BadExpressionException e) {
                scope
                    .field("expression")
                    .error(proto.getExpression(), "an expression: " + e.expected());
                return Optional.empty();
              }
            });
  }
}
