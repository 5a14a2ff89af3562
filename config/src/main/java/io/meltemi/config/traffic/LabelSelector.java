package io.meltemi.config.traffic;

import io.meltemi.common.labels.Labels;
import java.util.List;

/**
 * A Kubernetes label selector; all parts must hold.
 *
 * @param matchExpressions in order
 */
public record LabelSelector(Labels matchLabels, List<Expression> matchExpressions) {

  /** {@code values} is empty for EXISTS and DOES_NOT_EXIST. */
  public record Expression(String key, Operator operator, List<String> values) {
    public Expression {
      values = List.copyOf(values);
    }
  }

  /** How a label is compared. */
  public enum Operator {
    IN,
    NOT_IN,
    EXISTS,
    DOES_NOT_EXIST
  }

  public LabelSelector {
    matchExpressions = List.copyOf(matchExpressions);
  }

  public boolean matches(Labels labels) {
    if (!labels.matches(matchLabels)) {
      return false;
    }
    for (Expression expression : matchExpressions) {
      boolean present = labels.values().containsKey(expression.key());
      boolean listed = present && expression.values().contains(labels.get(expression.key(), ""));
      boolean holds =
          switch (expression.operator()) {
            case IN -> listed;
            case NOT_IN -> !listed;
            case EXISTS -> present;
            case DOES_NOT_EXIST -> !present;
          };
      if (!holds) {
        return false;
      }
    }
    return true;
  }
}
