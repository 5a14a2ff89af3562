package io.meltemi.config.resource;

import io.meltemi.config.yaml.ObjectReader;

/**
 * Reads the part of a document that its kind defines.
 *
 * @param <T> the kind's record
 */
@FunctionalInterface
public interface SpecParser<T> {
  /**
   * Reads and validates. Every problem is collected in the reader; what is returned then is not
   * used.
   *
   * @param document the whole document; {@code apiVersion}, {@code kind} and {@code metadata} are
   *     taken care of
   * @param metadata name, labels and annotations of the resource
   */
  T parse(ObjectReader document, Metadata metadata);
}
