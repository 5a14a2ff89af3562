package io.meltemi.config.yaml;

import io.meltemi.common.validation.Origin;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A value of a YAML or JSON document and where it stands. */
public sealed interface YamlNode {
  Origin origin();

  /** What a person would call it, for messages. */
  String describe();

  /**
   * A mapping.
   *
   * @param fields in the order of the text, by key as written
   */
  record YamlMap(Origin origin, Map<String, YamlField> fields) implements YamlNode {
    public YamlMap {
      fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    /** One entry. */
    public Optional<YamlField> field(String name) {
      return Optional.ofNullable(fields.get(name));
    }

    @Override
    public String describe() {
      return fields.isEmpty() ? "{}" : "an object";
    }
  }

  /**
   * One entry of a mapping.
   *
   * @param key where the key stands
   */
  record YamlField(Origin key, YamlNode value) {}

  /** A sequence. */
  record YamlList(Origin origin, List<YamlNode> items) implements YamlNode {
    public YamlList {
      items = List.copyOf(items);
    }

    @Override
    public String describe() {
      return items.isEmpty() ? "[]" : "a list";
    }
  }

  /**
   * A single value.
   *
   * @param text as written, without quotes
   */
  record YamlScalar(Origin origin, String text, ScalarType type) implements YamlNode {
    @Override
    public String describe() {
      return switch (type) {
        case STRING -> '"' + text + '"';
        case NULL -> "null";
        case BOOLEAN, INTEGER, FLOAT -> text;
      };
    }
  }

  /** True for a null in any form. */
  default boolean isNull() {
    return this instanceof YamlScalar scalar && scalar.type() == ScalarType.NULL;
  }
}
