package io.meltemi.it.traffic;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What came of one request, connection or call. Filled by the thread that sends it. */
final class Answer {
  int status;
  String proto = "";
  final Map<String, String> headers = new LinkedHashMap<>();
  String body = "";
  long bodyBytes;
  double millis;

  /** {@code none}, {@code refused}, {@code reset}, {@code timeout}, {@code eof}, … */
  String kind = "none";

  String error = "";
  final Map<String, String> tls = new LinkedHashMap<>();
  final List<String> lines = new ArrayList<>();
  private @Nullable Object parsed;

  void header(String name, String value) {
    headers.merge(name.toLowerCase(Locale.ROOT), value, (a, b) -> a + "," + b);
  }

  void failed(Throwable cause) {
    kind = Failures.kind(cause);
    error = cause.toString();
  }

  /** A field of the echo's answer; {@code h.NAME} is a header it received. */
  @Nullable Object json(String path) {
    if (parsed == null) {
      parsed = Json.parse(body);
    }
    if (path.startsWith("h.")) {
      return Json.at(Json.at(parsed, "headers"), path.substring(2).toLowerCase(Locale.ROOT));
    }
    return Json.at(parsed, path);
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append(status).append(' ').append(proto);
    if (!kind.equals("none")) {
      text.append(' ').append(kind).append(" (").append(error).append(')');
    }
    text.append(" %.0f ms ".formatted(millis)).append(headers);
    if (!tls.isEmpty()) {
      text.append(" tls ").append(tls);
    }
    if (!lines.isEmpty()) {
      text.append(" lines ").append(lines);
    }
    return text.append(' ').append(body.length() > 700 ? body.substring(0, 700) : body).toString();
  }
}
