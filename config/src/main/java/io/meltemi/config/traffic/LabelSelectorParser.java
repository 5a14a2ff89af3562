package io.meltemi.config.traffic;

import io.meltemi.config.resource.Names;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;

/** Reads {@link LabelSelector}. */
public final class LabelSelectorParser {
  private LabelSelectorParser() {}

  public static LabelSelector parse(ObjectReader reader) {
    return new LabelSelector(
        Selectors.labels(reader, "matchLabels"),
        reader.objects("matchExpressions", LabelSelectorParser::expression));
  }

  private static LabelSelector.Expression expression(ObjectReader reader) {
    String word = reader.string("operator");
    LabelSelector.Operator operator =
        switch (word) {
          case "In" -> LabelSelector.Operator.IN;
          case "NotIn" -> LabelSelector.Operator.NOT_IN;
          case "Exists" -> LabelSelector.Operator.EXISTS;
          case "DoesNotExist" -> LabelSelector.Operator.DOES_NOT_EXIST;
          default -> {
            reader.error("operator", '"' + word + '"', "In, NotIn, Exists or DoesNotExist");
            yield LabelSelector.Operator.EXISTS;
          }
        };
    String key = reader.string("key");
    if (!Names.isLabelKey(key)) {
      reader.error("key", '"' + key + '"', "a label key such as app");
    }
    List<String> values = reader.strings("values");
    boolean listing =
        operator == LabelSelector.Operator.IN || operator == LabelSelector.Operator.NOT_IN;
    if (listing == values.isEmpty()) {
      reader.error(
          "values",
          values.isEmpty() ? "nothing" : values.toString(),
          listing ? "at least one value for " + word : "none for " + word);
    }
    return new LabelSelector.Expression(key, operator, values);
  }
}
