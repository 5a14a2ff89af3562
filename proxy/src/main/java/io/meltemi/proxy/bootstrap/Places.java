package io.meltemi.proxy.bootstrap;

import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.bootstrap.Node.Entry;
import io.meltemi.proxy.bootstrap.Node.ListNode;
import io.meltemi.proxy.bootstrap.Node.MapNode;
import io.meltemi.proxy.bootstrap.Node.Scalar;
import org.jspecify.annotations.Nullable;

/** Finds the line of a field path in the text that a message was read from. Immutable. */
final class Places {
  private final Node root;
  private final Origin origin;

  /**
   * @param origin of the text, without line
   */
  Places(Node root, Origin origin) {
    this.root = root;
    this.origin = origin;
  }

  /**
   * Where the field stands, or the deepest part of its path that is written.
   *
   * @param path such as {@code static_resources.clusters[0].name} or {@code options[a.b].c}
   */
  Origin find(String path) {
    Node node = root;
    Origin place = origin.at(root.line(), root.column());
    int at = 0;
    while (at < path.length()) {
      int end;
      String key;
      if (path.charAt(at) == '[') {
        end = path.indexOf(']', at);
        if (end < 0) {
          return place;
        }
        key = path.substring(at + 1, end);
        end++;
      } else {
        end = at;
        while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
          end++;
        }
        key = path.substring(at, end);
      }
      Found found = step(node, key);
      if (found == null) {
        return place;
      }
      node = found.value();
      place = origin.at(found.line(), found.column());
      at = end < path.length() && path.charAt(end) == '.' ? end + 1 : end;
    }
    return place;
  }

  private record Found(Node value, int line, int column) {}

  private static @Nullable Found step(Node node, String key) {
    return switch (node) {
      case MapNode map -> {
        Entry entry = map.entries().get(key);
        if (entry == null) {
          entry = map.entries().get(camelCase(key));
        }
        yield entry == null ? null : new Found(entry.value(), entry.line(), entry.column());
      }
      case ListNode list -> {
        if (!key.matches("[0-9]{1,9}") || Integer.parseInt(key) >= list.items().size()) {
          yield null;
        }
        Node item = list.items().get(Integer.parseInt(key));
        yield new Found(item, item.line(), item.column());
      }
      case Scalar _ -> null;
    };
  }

  private static String camelCase(String name) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '_' && i + 1 < name.length()) {
        out.append(Character.toUpperCase(name.charAt(++i)));
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }
}
