package io.meltemi.proxy.telemetry.accesslog;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One JSON object a line, keys sorted as Envoy sorts them. A value that is one operator keeps its
 * type: numbers stay numbers and a missing value is {@code null}.
 */
final class JsonFormat implements LineFormat {
  private final Node root;
  private final ThreadLocal<FormatOutput> scratch = ThreadLocal.withInitial(FormatOutput::new);

  private sealed interface Node {
    record Text(String json) implements Node {}

    record Format(Formatter formatter) implements Node {}

    record Composite(String open, List<String> prefixes, List<Node> values, String close)
        implements Node {}
  }

  private JsonFormat(Node root) {
    this.root = root;
  }

  static Validation<LineFormat> parse(
      Struct format, Formatter.Sources sources, Origin origin, String path) {
    Validation.Collector problems = new Validation.Collector();
    Node root = object(format, sources, origin, path, problems, 0);
    return problems.finish(() -> new JsonFormat(root));
  }

  private static Node object(
      Struct struct,
      Formatter.Sources sources,
      Origin origin,
      String path,
      Validation.Collector problems,
      int depth) {
    List<String> prefixes = new ArrayList<>();
    List<Node> values = new ArrayList<>();
    for (Map.Entry<String, Value> field : new TreeMap<>(struct.getFieldsMap()).entrySet()) {
      FormatOutput key = new FormatOutput();
      key.add(prefixes.isEmpty() ? "\"" : ",\"");
      byte[] name = field.getKey().getBytes(StandardCharsets.UTF_8);
      escape(name, name.length, key);
      key.add("\":");
      prefixes.add(key.toString());
      values.add(
          node(field.getValue(), sources, origin, path + "." + field.getKey(), problems, depth));
    }
    return new Node.Composite("{", prefixes, values, "}");
  }

  private static Node node(
      Value value,
      Formatter.Sources sources,
      Origin origin,
      String path,
      Validation.Collector problems,
      int depth) {
    if (depth > 16) {
      problems.error(origin, path, "nesting", "at most 16 levels");
      return new Node.Text("");
    }
    return switch (value.getKindCase()) {
      case STRUCT_VALUE ->
          object(value.getStructValue(), sources, origin, path, problems, depth + 1);
      case LIST_VALUE -> {
        List<String> prefixes = new ArrayList<>();
        List<Node> values = new ArrayList<>();
        for (Value entry : value.getListValue().getValuesList()) {
          prefixes.add(prefixes.isEmpty() ? "" : ",");
          values.add(
              node(entry, sources, origin, path + "[" + values.size() + "]", problems, depth + 1));
        }
        yield new Node.Composite("[", prefixes, values, "]");
      }
      case STRING_VALUE -> {
        Validation<Formatter> formatter =
            Formatter.parse(value.getStringValue(), "-", sources, origin, path);
        problems.absorb(formatter);
        yield formatter instanceof Validation.Valid<Formatter> valid
            ? new Node.Format(valid.value())
            : new Node.Text("");
      }
      case NUMBER_VALUE -> {
        double number = value.getNumberValue();
        String text =
            number == Math.rint(number) && Math.abs(number) < 1e15
                ? Long.toString((long) number)
                : Double.toString(number);
        yield new Node.Text(text);
      }
      case BOOL_VALUE -> new Node.Text(Boolean.toString(value.getBoolValue()));
      case NULL_VALUE, KIND_NOT_SET -> new Node.Text(NULL);
    };
  }

  private static final String NULL = "null";

  @Override
  public void write(StreamInfo info, FormatOutput out) {
    write(root, info, out);
    out.addByte('\n');
  }

  private void write(Node node, StreamInfo info, FormatOutput out) {
    switch (node) {
      case Node.Text text -> out.add(text.json());
      case Node.Format format -> write(format.formatter(), info, out);
      case Node.Composite composite -> {
        out.add(composite.open());
        for (int i = 0; i < composite.values().size(); i++) {
          out.add(composite.prefixes().get(i));
          write(composite.values().get(i), info, out);
        }
        out.add(composite.close());
      }
    }
  }

  private void write(Formatter formatter, StreamInfo info, FormatOutput out) {
    FormatOutput value = scratch.get();
    value.clear();
    if (formatter.isSingle()) {
      if (!formatter.formatSingle(info, value)) {
        out.add(NULL);
        return;
      }
      if (formatter.isNumber()) {
        out.add(value.array(), 0, value.length());
        return;
      }
    } else {
      formatter.format(info, value);
    }
    out.addByte('"');
    escape(value.array(), value.length(), out);
    out.addByte('"');
  }

  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private static void escape(byte[] text, int length, FormatOutput out) {
    for (int i = 0; i < length; i++) {
      int b = text[i] & 0xFF;
      if (b == '"' || b == '\\') {
        out.addByte('\\');
        out.addByte(b);
      } else if (b == '\n') {
        out.add("\\n");
      } else if (b == '\r') {
        out.add("\\r");
      } else if (b == '\t') {
        out.add("\\t");
      } else if (b < 0x20 || b == 0x7F) {
        out.add("\\u00");
        out.addByte(HEX[b >> 4]);
        out.addByte(HEX[b & 15]);
      } else {
        out.addByte(b);
      }
    }
  }
}
