package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.kind.virtualservice.HeaderOperations.Changes;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/** Reads {@code headers} of routes and destinations. */
final class HeaderOperationsParser {
  private static final Pattern NAME = Pattern.compile("[-_A-Za-z0-9]+");
  private static final Pattern COMMAND =
      Pattern.compile("%(%|[A-Z0-9_]+(\\([^%)]*\\))?(:[0-9]+)?%)");
  private static final String AUTHORITY = ":authority";

  private HeaderOperationsParser() {}

  static HeaderOperations parse(ObjectReader reader) {
    return new HeaderOperations(
        reader.object("request", r -> changes(r, true)).orElse(Changes.NONE),
        reader.object("response", r -> changes(r, false)).orElse(Changes.NONE));
  }

  private static Changes changes(ObjectReader reader, boolean request) {
    Map<String, String> set = reader.stringMap("set");
    Map<String, String> add = reader.stringMap("add");
    List<String> remove = reader.strings("remove");
    check(reader, "set", set, request);
    check(reader, "add", add, request);
    for (int i = 0; i < remove.size(); i++) {
      if (!isName(remove.get(i)) || isAuthority(remove.get(i))) {
        reader.error(
            "remove", i, '"' + remove.get(i) + '"', "the name of a header other than host");
      }
    }
    return new Changes(set, add, remove);
  }

  private static void check(
      ObjectReader reader, String field, Map<String, String> headers, boolean request) {
    headers.forEach(
        (name, value) -> {
          if (isAuthority(name)) {
            if (!request) {
              reader.error(field, '"' + name + '"', "no change of the host in a response");
            }
          } else if (!isName(name)) {
            reader.error(
                field,
                '"' + name + '"',
                "a header name of letters, digits, '-' and '_'"
                    + (request ? ", or :authority" : ""));
          }
          if (!isValue(value)) {
            reader.error(
                field,
                name + ": \"" + value + '"',
                "a value without control characters; a plain '%' is written '%%'");
          }
        });
  }

  /** True for the headers that name the host, in any case. */
  static boolean isAuthority(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.equals(AUTHORITY) || lower.equals("host");
  }

  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  private static boolean isValue(String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if ((c < ' ' && c != '\t') || c == 0x7f) {
        return false;
      }
    }
    return COMMAND.matcher(value).replaceAll("").indexOf('%') < 0;
  }

  /** How many of the request's changes set the host. */
  static int authorityChanges(HeaderOperations headers) {
    int count = 0;
    for (String name : headers.request().set().keySet()) {
      count += isAuthority(name) ? 1 : 0;
    }
    for (String name : headers.request().add().keySet()) {
      count += isAuthority(name) ? 1 : 0;
    }
    return count;
  }
}
