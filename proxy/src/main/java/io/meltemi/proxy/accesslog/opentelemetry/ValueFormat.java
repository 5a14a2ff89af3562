package io.meltemi.proxy.accesslog.opentelemetry;

import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.ArrayValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.common.v1.KeyValueList;
import java.util.ArrayList;
import java.util.List;

/** A value of OpenTelemetry whose texts are formats. Any thread. */
sealed interface ValueFormat {
  int DEPTH_MAX = 16;

  /**
   * @param scratch overwritten
   */
  AnyValue value(StreamInfo info, FormatOutput scratch);

  /** What holds no text. */
  record Constant(AnyValue same) implements ValueFormat {
    @Override
    public AnyValue value(StreamInfo info, FormatOutput scratch) {
      return same;
    }
  }

  /** A text. */
  record Text(Formatter formatter) implements ValueFormat {
    @Override
    public AnyValue value(StreamInfo info, FormatOutput scratch) {
      scratch.clear();
      formatter.format(info, scratch);
      return AnyValue.newBuilder().setStringValue(scratch.toString()).build();
    }
  }

  /** Several in their order. */
  record Items(List<ValueFormat> items) implements ValueFormat {
    public Items {
      items = List.copyOf(items);
    }

    @Override
    public AnyValue value(StreamInfo info, FormatOutput scratch) {
      ArrayValue.Builder all = ArrayValue.newBuilder();
      for (ValueFormat item : items) {
        all.addValues(item.value(info, scratch));
      }
      return AnyValue.newBuilder().setArrayValue(all).build();
    }
  }

  /** One of {@link Fields}. */
  record Field(String key, ValueFormat format) {}

  /** Several by their names. */
  record Fields(List<Field> fields) implements ValueFormat {
    public Fields {
      fields = List.copyOf(fields);
    }

    List<KeyValue> values(StreamInfo info, FormatOutput scratch) {
      List<KeyValue> values = new ArrayList<>(fields.size());
      for (Field field : fields) {
        values.add(
            KeyValue.newBuilder()
                .setKey(field.key())
                .setValue(field.format().value(info, scratch))
                .build());
      }
      return values;
    }

    @Override
    public AnyValue value(StreamInfo info, FormatOutput scratch) {
      return AnyValue.newBuilder()
          .setKvlistValue(KeyValueList.newBuilder().addAllValues(values(info, scratch)))
          .build();
    }
  }

  static ValueFormat parse(AnyValue proto, Formatter.Sources sources, ParseScope scope, int depth) {
    if (depth > DEPTH_MAX) {
      scope.error("nesting", "at most " + DEPTH_MAX + " levels");
      return new Constant(proto);
    }
    return switch (proto.getValueCase()) {
      case STRING_VALUE -> {
        Validation<Formatter> parsed =
            Formatter.parse(proto.getStringValue(), "-", sources, scope.origin(), scope.path());
        scope.out().absorb(parsed);
        yield parsed instanceof Validation.Valid<Formatter> valid
            ? new Text(valid.value())
            : new Constant(proto);
      }
      case ARRAY_VALUE -> {
        List<ValueFormat> items = new ArrayList<>();
        for (AnyValue item : proto.getArrayValue().getValuesList()) {
          items.add(parse(item, sources, scope.field("values", items.size()), depth + 1));
        }
        yield new Items(items);
      }
      case KVLIST_VALUE -> fields(proto.getKvlistValue(), sources, scope, depth + 1);
      case BOOL_VALUE, INT_VALUE, DOUBLE_VALUE, BYTES_VALUE, VALUE_NOT_SET -> new Constant(proto);
    };
  }

  static Fields fields(KeyValueList proto, Formatter.Sources sources, ParseScope scope, int depth) {
    List<Field> fields = new ArrayList<>();
    for (KeyValue one : proto.getValuesList()) {
      ParseScope at = scope.field("values", fields.size());
      fields.add(new Field(one.getKey(), parse(one.getValue(), sources, at, depth)));
    }
    return new Fields(fields);
  }
}
