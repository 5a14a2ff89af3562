package io.meltemi.proxy.http.filter.setfilterstate;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.telemetry.FilterState;
import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.Formatter;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Writes formatted texts at the head of a request. */
final class SetFilterStateFilter implements HttpFilter {
  /** What is written. */
  record Config(List<Value> values) implements HttpFilterConfig {
    Config {
      values = List.copyOf(values);
    }

    @Override
    public HttpFilter newFilter(HttpFilterContext context) {
      return new SetFilterStateFilter(values, context);
    }
  }

  /** One text and the key it is left under. */
  record Value(
      String key,
      Formatter format,
      boolean skippedIfEmpty,
      FilterState.Sharing sharing,
      boolean readOnly) {}

  private final List<Value> values;
  private final HttpFilterContext context;
  private final FormatOutput text = new FormatOutput();

  private SetFilterStateFilter(List<Value> values, HttpFilterContext context) {
    this.values = values;
    this.context = context;
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    StreamInfo info = context.streamInfo();
    for (int i = 0; i < values.size(); i++) {
      Value value = values.get(i);
      text.clear();
      value.format().format(info, text);
      String formatted = text.toString();
      if (formatted.isEmpty() && value.skippedIfEmpty()) {
        continue;
      }
      if (info.filterState == FilterState.NONE) {
        info.filterState = new FilterState();
      }
      info.filterState.set(
          value.key(),
          formatted.getBytes(StandardCharsets.UTF_8),
          value.sharing(),
          value.readOnly());
    }
    return FilterStatus.CONTINUE;
  }
}
