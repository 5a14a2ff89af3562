package io.meltemi.config.mesh;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.yaml.YamlNode;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.config.yaml.YamlReader;
import java.util.Map;
import java.util.function.BiFunction;

/** A text that holds one object of settings. */
final class MeshText {
  private MeshText() {}

  /**
   * Reads it.
   *
   * @param expected what the text should be, for errors
   * @param otherwise when it is something else
   */
  static <T> Validation<T> parse(
      YamlReader.Result text,
      Origin origin,
      String expected,
      T otherwise,
      BiFunction<YamlMap, Validation.Collector, T> parser) {
    Validation.Collector problems = new Validation.Collector();
    for (Violation error : text.allErrors()) {
      problems.error(error.origin(), error.path(), error.found(), error.expected());
    }
    if (text.documents().size() > 1) {
      problems.error(
          text.documents().get(1).root().origin(),
          "",
          text.documents().size() + " documents",
          "one");
    }
    YamlNode root =
        text.documents().isEmpty()
            ? new YamlMap(origin, Map.of())
            : text.documents().getFirst().root();
    if (!(root instanceof YamlMap map)) {
      problems.error(root.origin(), "", root.describe(), expected);
      return problems.finish(() -> otherwise);
    }
    T parsed = parser.apply(map, problems);
    return problems.finish(() -> parsed);
  }
}
