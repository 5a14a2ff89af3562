package io.meltemi.xds.resource;

import java.lang.ref.WeakReference;
import java.util.Map;
import java.util.WeakHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Equal things that are in use at the same time as one object, so that they are kept once and
 * compare at once. Belongs to one thread.
 */
public final class Interner<T> {
  private final Map<T, WeakReference<T>> inUse = new WeakHashMap<>();

  /** The one in use; this one when there is none. */
  public T shared(T one) {
    WeakReference<T> reference = inUse.get(one);
    @Nullable T known = reference == null ? null : reference.get();
    if (known != null) {
      return known;
    }
    inUse.put(one, new WeakReference<>(one));
    return one;
  }

  /** How many are in use, each counted once. */
  public int size() {
    return inUse.size();
  }
}
