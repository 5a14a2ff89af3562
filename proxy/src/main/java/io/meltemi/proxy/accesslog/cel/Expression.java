package io.meltemi.proxy.accesslog.cel;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A parsed expression. Its value is a Long, Double, String, Boolean, Duration, Instant, List, Map,
 * one of {@link Attributes}, or an empty Optional for null. Immutable; any event loop.
 */
sealed interface Expression {
  Object value(StreamInfo info) throws Failure;

  /** A value that is written down. */
  record Literal(Object same) implements Expression {
    @Override
    public Object value(StreamInfo info) {
      return same;
    }
  }

  /** Several values in their order. */
  record Items(List<Expression> items) implements Expression {
    public Items {
      items = List.copyOf(items);
    }

    @Override
    public Object value(StreamInfo info) throws Failure {
      List<Object> values = new ArrayList<>(items.size());
      for (Expression item : items) {
        values.add(item.value(info));
      }
      return values;
    }
  }

  /** One entry of {@link Entries}. */
  record Entry(Expression key, Expression value) {}

  /** Values by keys. */
  record Entries(List<Entry> entries) implements Expression {
    public Entries {
      entries = List.copyOf(entries);
    }

    @Override
    public Object value(StreamInfo info) throws Failure {
      Map<Object, Object> values = new LinkedHashMap<>();
      for (Entry entry : entries) {
        values.put(entry.key().value(info), entry.value().value(info));
      }
      return values;
    }
  }

  /** A field or an element. */
  record Member(Expression of, Expression key) implements Expression {
    @Override
    public Object value(StreamInfo info) throws Failure {
      return Values.member(of.value(info), key.value(info), info);
    }
  }

  /** {@code has(of.key)}. */
  record Has(Expression of, String key) implements Expression {
    @Override
    public Object value(StreamInfo info) throws Failure {
      Object owner = of.value(info);
      try {
        Values.member(owner, key, info);
        return true;
      } catch (Failure e) {
        return false;
      }
    }
  }

  record Not(Expression of) implements Expression {
    @Override
    public Object value(StreamInfo info) throws Failure {
      return !Values.truth(of.value(info));
    }
  }

  record Negative(Expression of) implements Expression {
    @Override
    public Object value(StreamInfo info) throws Failure {
      return Values.arithmetic('-', 0L, of.value(info));
    }
  }

  /** {@code &&} and {@code ||}: one side that decides makes good the failure of the other. */
  record Logical(boolean and, Expression left, Expression right) implements Expression {
    @Override
    public Object value(StreamInfo info) throws Failure {
      boolean failed = false;
      try {
        if (Values.truth(left.value(info)) != and) {
          return !and;
        }
      } catch (Failure e) {
        failed = true;
      }
      if (Values.truth(right.value(info)) != and) {
        return !and;
      }
      if (failed) {
        throw new Failure();
      }
      return and;
    }
  }

  record Conditional(Expression test, Expression yes, Expression no) implements Expression {
    @Override
    public Object value(StreamInfo info) throws Failure {
      return Values.truth(test.value(info)) ? yes.value(info) : no.value(info);
    }
  }

  /** One of {@code == != < <= > >= in}. */
  record Relation(String operator, Expression left, Expression right) implements Expression {
    @Override
    public Object value(StreamInfo info) throws Failure {
      Object a = left.value(info);
      Object b = right.value(info);
      return switch (operator) {
        case "==" -> Values.isEqual(a, b);
        case "!=" -> !Values.isEqual(a, b);
        case "<" -> Values.compare(a, b) < 0;
        case "<=" -> Values.compare(a, b) <= 0;
        case ">" -> Values.compare(a, b) > 0;
        case ">=" -> Values.compare(a, b) >= 0;
        default -> Values.isIn(a, b, info);
      };
    }
  }

  record Arithmetic(char operator, Expression left, Expression right) implements Expression {
    @Override
    public Object value(StreamInfo info) throws Failure {
      return Values.arithmetic(operator, left.value(info), right.value(info));
    }
  }

  /** Functions of one value. */
  enum Conversion {
    SIZE,
    INT,
    UINT,
    DOUBLE,
    STRING,
    DYN,
    DURATION,
    TIMESTAMP
  }

  record Convert(Conversion to, Expression of) implements Expression {
    @Override
    public Object value(StreamInfo info) throws Failure {
      Object from = of.value(info);
      return switch (to) {
        case SIZE -> Values.size(from);
        case INT, UINT -> Values.integer(from);
        case DOUBLE -> Values.real(from);
        case STRING -> Values.text(from);
        case DYN -> from;
        case DURATION -> from instanceof Duration same ? same : Values.duration(from);
        case TIMESTAMP -> from instanceof Instant same ? same : Values.timestamp(from);
      };
    }
  }

  /** What a text can be asked. */
  enum Test {
    CONTAINS,
    STARTS_WITH,
    ENDS_WITH
  }

  record TextTest(Test test, Expression of, Expression argument) implements Expression {
    @Override
    public Object value(StreamInfo info) throws Failure {
      if (of.value(info) instanceof String text && argument.value(info) instanceof String other) {
        return switch (test) {
          case CONTAINS -> text.contains(other);
          case STARTS_WITH -> text.startsWith(other);
          case ENDS_WITH -> text.endsWith(other);
        };
      }
      throw new Failure();
    }
  }

  /** A match of a part of a text with a regular expression that is written down. */
  record Matches(Expression of, Pattern pattern) implements Expression {
    /**
     * @throws PatternSyntaxException when the text is no regular expression of RE2
     */
    static Matches of(Expression of, String regex) {
      return new Matches(of, Pattern.compile(regex));
    }

    @Override
    public Object value(StreamInfo info) throws Failure {
      if (of.value(info) instanceof String text) {
        return pattern.matcher(text).find();
      }
      throw new Failure();
    }
  }
}
