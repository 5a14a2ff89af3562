package io.meltemi.config.yaml;

import io.meltemi.common.validation.Origin;
import io.meltemi.config.yaml.YamlNode.YamlField;
import io.meltemi.config.yaml.YamlNode.YamlList;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Field paths to look for in documents, such as {@code spec.http[].corsPolicy}; {@code []} is every
 * element of a list. {@code path!=A|B} finds the field only when its value is none of these.
 */
public final class FieldPatterns {
  private final Step root = new Step();

  private static final class Step {
    private final Map<String, Step> next = new LinkedHashMap<>();
    private boolean last;
    private Set<String> except = Set.of();
  }

  /** Gets each field that is set. */
  public interface Visitor {
    void found(Origin origin, String path, String written);
  }

  public FieldPatterns(List<String> patterns) {
    for (String pattern : patterns) {
      String[] parts = pattern.split("!=", 2);
      Step step = root;
      for (String name : parts[0].replace("[]", ".[]").split("\\.")) {
        step = step.next.computeIfAbsent(name, _ -> new Step());
      }
      step.last = true;
      step.except = parts.length > 1 ? Set.of(parts[1].split("\\|")) : Set.of();
    }
  }

  /** Visits the fields of a document that match, in the order of the text. */
  public void find(YamlNode document, Visitor visitor) {
    if (!root.next.isEmpty()) {
      find(root, document, new FieldPath.Root(), visitor);
    }
  }

  private static void find(Step step, YamlNode node, FieldPath path, Visitor visitor) {
    if (step.last) {
      if (!node.isNull() && !excepted(step, node)) {
        visitor.found(node.origin(), path.text(), node.describe());
      }
      return;
    }
    switch (node) {
      case YamlMap map -> {
        for (Map.Entry<String, YamlField> entry : map.fields().entrySet()) {
          @Nullable Step next = step.next.get(FieldNames.toCamelCase(entry.getKey()));
          if (next != null) {
            find(next, entry.getValue().value(), new FieldPath.Name(path, entry.getKey()), visitor);
          }
        }
      }
      case YamlList list -> {
        @Nullable Step next = step.next.get("[]");
        for (int i = 0; next != null && i < list.items().size(); i++) {
          find(next, list.items().get(i), new FieldPath.Index(path, i), visitor);
        }
      }
      case YamlNode.YamlScalar _ -> {}
    }
  }

  private static boolean excepted(Step step, YamlNode node) {
    return node instanceof YamlNode.YamlScalar scalar && step.except.contains(scalar.text());
  }
}
