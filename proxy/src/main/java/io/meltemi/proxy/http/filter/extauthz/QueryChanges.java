package io.meltemi.proxy.http.filter.extauthz;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.filter.extauthz.Verdict.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Writes the query of a request anew; as in Envoy its parameters are then sorted by name. */
final class QueryChanges {
  private QueryChanges() {}

  static void apply(HeaderBlock request, List<Parameter> set, List<String> removed) {
    String path = request.get(HeaderName.PATH);
    if (path == null || (set.isEmpty() && removed.isEmpty())) {
      return;
    }
    int mark = path.indexOf('?');
    TreeMap<String, List<String>> parameters = new TreeMap<>();
    if (mark >= 0) {
      for (String pair : path.substring(mark + 1).split("&", -1)) {
        int equals = pair.indexOf('=');
        if (!pair.isEmpty()) {
          parameters
              .computeIfAbsent(
                  equals < 0 ? pair : pair.substring(0, equals), _ -> new ArrayList<>())
              .add(equals < 0 ? "" : pair.substring(equals + 1));
        }
      }
    }
    set.forEach(parameter -> parameters.put(parameter.name(), List.of(parameter.value())));
    removed.forEach(parameters::remove);
    StringBuilder changed = new StringBuilder(mark < 0 ? path : path.substring(0, mark));
    char separator = '?';
    for (var parameter : parameters.entrySet()) {
      for (String value : parameter.getValue()) {
        changed.append(separator).append(parameter.getKey()).append('=').append(value);
        separator = '&';
      }
    }
    request.set(HeaderName.PATH, changed.toString());
  }
}
