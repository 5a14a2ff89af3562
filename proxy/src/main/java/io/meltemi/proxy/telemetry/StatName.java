package io.meltemi.proxy.telemetry;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * A stat's name in Prometheus' form, with the parts that Envoy's default tags take out of it. See
 * <a
 * href="https://github.com/envoyproxy/envoy/blob/main/source/common/config/well_known_names.cc">Envoy's
 * well-known tags</a>.
 *
 * @param name such as {@code envoy_cluster_upstream_rq_xx}
 */
record StatName(String name, Map<String, String> tags) {

  static StatName of(String prefix, String leaf) {
    Map<String, String> tags = new TreeMap<>();
    String family = family(prefix, tags);
    String rest = leaf;
    int underscore = rest.lastIndexOf('_');
    String last = rest.substring(underscore + 1);
    boolean requests = underscore > 0 && rest.substring(0, underscore).endsWith("_rq");
    if (requests && last.length() == 3 && Character.isDigit(last.charAt(0))) {
      if (last.endsWith("xx")) {
        tags.put("envoy_response_code_class", last.substring(0, 1));
        rest = rest.substring(0, underscore) + "_xx";
      } else if (Character.isDigit(last.charAt(1)) && Character.isDigit(last.charAt(2))) {
        tags.put("envoy_response_code", last);
        rest = rest.substring(0, underscore);
      }
    }
    return new StatName(clean("envoy_" + family + rest), tags);
  }

  /** Takes the variable part out of a scope's prefix. */
  private static String family(String prefix, Map<String, String> tags) {
    int dot = prefix.indexOf('.');
    if (dot < 0 || !prefix.endsWith(".")) {
      return prefix;
    }
    String kind = prefix.substring(0, dot);
    String value = dot + 1 < prefix.length() ? prefix.substring(dot + 1, prefix.length() - 1) : "";
    String tag =
        switch (kind) {
          case "cluster" -> "envoy_cluster_name";
          case "http" -> "envoy_http_conn_manager_prefix";
          case "listener" -> "envoy_listener_address";
          case "tcp" -> "envoy_tcp_prefix";
          default -> "";
        };
    if (tag.isEmpty() || value.isEmpty()) {
      return prefix;
    }
    tags.put(tag, value);
    return kind.toLowerCase(Locale.ROOT) + "_";
  }

  private static String clean(String name) {
    StringBuilder out = new StringBuilder(name);
    for (int i = 0; i < out.length(); i++) {
      char c = out.charAt(i);
      boolean valid =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      if (!valid) {
        out.setCharAt(i, '_');
      }
    }
    return out.toString();
  }
}
