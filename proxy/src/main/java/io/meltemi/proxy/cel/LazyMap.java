package io.meltemi.proxy.cel;

import com.google.errorprone.annotations.Immutable;
import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.values.StructValue;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Values by names that are made when they are asked for. The library would copy any other map
 * before it looks at it. Like Envoy's, such a map cannot be listed. Event loop of the stream only.
 */
@Immutable
@SuppressWarnings("Immutable") // what it reads belongs to the stream, and no value outlives it
final class LazyMap extends StructValue<String, Object> implements Map<String, Object> {
  /** Knows the values. */
  interface Fields {
    /** Null when there is none. */
    @Nullable Object get(String name);

    /** How many there are; negative when nobody knows. */
    default int size() {
      return -1;
    }
  }

  private final Fields fields;

  LazyMap(Fields fields) {
    this.fields = fields;
  }

  @Override
  public Object select(String field) {
    Object value = fields.get(field);
    if (value == null) {
      throw MissingAttributeException.of(field);
    }
    return value;
  }

  @Override
  public Optional<Object> find(String field) {
    return Optional.ofNullable(fields.get(field));
  }

  @Override
  public Object value() {
    return this;
  }

  @Override
  public boolean isZeroValue() {
    return false;
  }

  @Override
  public CelType celType() {
    return SimpleType.DYN;
  }

  @Override
  public @Nullable Object get(Object key) {
    return key instanceof String name ? fields.get(name) : null;
  }

  @Override
  public boolean containsKey(Object key) {
    return get(key) != null;
  }

  @Override
  public int size() {
    int size = fields.size();
    if (size < 0) {
      throw unlisted();
    }
    return size;
  }

  @Override
  public boolean isEmpty() {
    return size() == 0;
  }

  @Override
  public Set<Entry<String, Object>> entrySet() {
    throw unlisted();
  }

  @Override
  public Set<String> keySet() {
    throw unlisted();
  }

  @Override
  public Collection<Object> values() {
    throw unlisted();
  }

  @Override
  public boolean containsValue(Object value) {
    throw unlisted();
  }

  @Override
  public @Nullable Object put(String key, Object value) {
    throw unlisted();
  }

  @Override
  public @Nullable Object remove(Object key) {
    throw unlisted();
  }

  @Override
  public void putAll(Map<? extends String, ?> other) {
    throw unlisted();
  }

  @Override
  public void clear() {
    throw unlisted();
  }

  private static UnsupportedOperationException unlisted() {
    return new UnsupportedOperationException("attributes cannot be listed");
  }
}
