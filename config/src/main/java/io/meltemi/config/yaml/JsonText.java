package io.meltemi.config.yaml;

import io.meltemi.config.yaml.YamlNode.YamlField;
import io.meltemi.config.yaml.YamlNode.YamlList;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.config.yaml.YamlNode.YamlScalar;
import java.util.Map;

/** A part of a document as JSON, for what another format's reader is to understand. */
public final class JsonText {
  private JsonText() {}

  public static String of(YamlNode node) {
    StringBuilder text = new StringBuilder();
    write(node, text);
    return text.toString();
  }

  private static void write(YamlNode node, StringBuilder text) {
    switch (node) {
      case YamlMap map -> {
        text.append('{');
        String separator = "";
        for (Map.Entry<String, YamlField> entry : map.fields().entrySet()) {
          text.append(separator);
          quote(entry.getKey(), text);
          text.append(':');
          write(entry.getValue().value(), text);
          separator = ",";
        }
        text.append('}');
      }
      case YamlList list -> {
        text.append('[');
        String separator = "";
        for (YamlNode item : list.items()) {
          text.append(separator);
          write(item, text);
          separator = ",";
        }
        text.append(']');
      }
      case YamlScalar scalar -> write(scalar, text);
    }
  }

  private static void write(YamlScalar scalar, StringBuilder text) {
    switch (scalar.type()) {
      case NULL -> text.append("null");
      case BOOLEAN -> {
        char first = Character.toLowerCase(scalar.text().charAt(0));
        boolean on = scalar.text().equalsIgnoreCase("on");
        text.append(first == 't' || first == 'y' || on);
      }
      case INTEGER, FLOAT -> {
        // forms that only YAML has, such as 0x1F or 1_000, are left to the reader as text
        if (scalar.text().matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?")) {
          text.append(scalar.text());
        } else {
          quote(scalar.text(), text);
        }
      }
      case STRING -> quote(scalar.text(), text);
    }
  }

  private static void quote(String value, StringBuilder text) {
    text.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '"', '\\' -> text.append('\\').append(c);
        case '\n' -> text.append("\\n");
        case '\r' -> text.append("\\r");
        case '\t' -> text.append("\\t");
        default -> {
          if (c < 0x20) {
            text.append(String.format("\\u%04x", (int) c));
          } else {
            text.append(c);
          }
        }
      }
    }
    text.append('"');
  }
}
