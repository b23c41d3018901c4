package org.ceph.gitbuilder.engine;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A Groovy category that lets `for (each in list)` survive a step, as Jenkins' own IteratorHack does:
 * iterators of the collections are not serialisable, copies with an index are.
 */
public final class SerialIterators {
  private SerialIterators() {}

  public static <E> Iterator<E> iterator(List<E> list) {
    return new Walk<>(new ArrayList<>(list));
  }

  public static <E> Iterator<E> iterator(Set<E> set) {
    return new Walk<>(new ArrayList<>(set));
  }

  public static <K> Set<K> keySet(Map<K, ?> map) {
    return new LinkedHashSet<>(map.keySet());
  }

  public static <V> Collection<V> values(Map<?, V> map) {
    return new ArrayList<>(map.values());
  }

  public static <K, V> Collection<Map.Entry<K, V>> entrySet(Map<K, V> map) {
    LinkedHashMap<K, V> copy = new LinkedHashMap<>(map);
    List<Map.Entry<K, V>> entries = new ArrayList<>();
    copy.forEach((key, value) -> entries.add(new java.util.AbstractMap.SimpleImmutableEntry<>(key, value)));
    return new LinkedHashSet<>(entries);
  }

  private static final class Walk<E> implements Iterator<E>, Serializable {
    private static final long serialVersionUID = 1;

    private final ArrayList<E> all;
    private int next;

    Walk(ArrayList<E> all) {
      this.all = all;
    }

    @Override
    public boolean hasNext() {
      return next < all.size();
    }

    @Override
    public E next() {
      return all.get(next++);
    }
  }
}
