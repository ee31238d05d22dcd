//! Connected components, numbered from 0 in the order of their first nodes. Deliberately absent: anything but numbers.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};

use super::store::Adjacency;

/// Nodes that edges connect in any direction.
pub(crate) fn weak(sources: &[u32], targets: &[u32], nodes: usize) -> ArrayRef {
    let mut parents: Vec<usize> = (0..nodes).collect();
    for (source, target) in sources.iter().zip(targets) {
        let a = root(&mut parents, *source as usize);
        let b = root(&mut parents, *target as usize);
        parents[a.max(b)] = a.min(b);
    }
    let roots = (0..nodes).map(|node| root(&mut parents, node)).collect::<Vec<_>>();
    numbered(&roots)
}

/// The node that stands for all of its component. The way there is halved.
fn root(parents: &mut [usize], mut node: usize) -> usize {
    while parents[node] != node {
        parents[node] = parents[parents[node]];
        node = parents[node];
    }
    node
}

/// Nodes that reach each other along the edges: Tarjan's algorithm, with a stack of its own instead of recursion.
pub(crate) fn strong(targets: &[u32], out: &Adjacency) -> ArrayRef {
    const NONE: usize = usize::MAX;
    let nodes = out.len();
    let (mut order, mut low) = (vec![NONE; nodes], vec![0; nodes]);
    let mut component = vec![NONE; nodes];
    let mut open = Vec::new();
    let mut next = 0;
    let mut calls: Vec<(usize, usize)> = Vec::new();
    for start in 0..nodes {
        if order[start] != NONE {
            continue;
        }
        calls.push((start, 0));
        while let Some((node, edge)) = calls.pop() {
            if edge == 0 {
                order[node] = next;
                low[node] = next;
                next += 1;
                open.push(node);
            }
            let edges = u32::try_from(node).map_or(&[][..], |node| out.of_node(node));
            match edges.get(edge) {
                Some(taken) => {
                    calls.push((node, edge + 1));
                    let to = targets[*taken as usize] as usize;
                    if order[to] == NONE {
                        calls.push((to, 0));
                    } else if component[to] == NONE {
                        low[node] = low[node].min(order[to]);
                    }
                }
                None => {
                    if let Some((caller, _)) = calls.last() {
                        low[*caller] = low[*caller].min(low[node]);
                    }
                    if low[node] == order[node] {
                        while let Some(member) = open.pop() {
                            component[member] = node;
                            if member == node {
                                break;
                            }
                        }
                    }
                }
            }
        }
    }
    numbered(&component)
}

/// What stands for components → their numbers.
fn numbered(roots: &[usize]) -> ArrayRef {
    let mut numbers: Vec<Option<i64>> = vec![None; roots.len()];
    let mut next = 0;
    let found = roots.iter().map(|root| {
        let number = numbers[*root].unwrap_or_else(|| {
            next += 1;
            next - 1
        });
        numbers[*root] = Some(number);
        number
    });
    Arc::new(Int64Array::from_iter_values(found))
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    use super::{Adjacency, strong, weak};

    #[test]
    fn components_are_numbered_by_their_first_nodes() {
        // 0 → 1 → 2 → 1, 3 → 4, 5
        let (sources, targets) = ([0, 1, 2, 3], [1, 2, 1, 4]);
        let out = Adjacency::of(&sources, &targets, 6);
        let values =
            |array: arrow::array::ArrayRef| array.as_primitive::<Int64Type>().values().to_vec();
        assert_eq!(values(weak(&sources, &targets, 6)), [0, 0, 0, 1, 1, 2]);
        assert_eq!(values(strong(&targets, &out)), [0, 1, 1, 2, 3, 4]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let count = 200_000_u32;
        let sources: Vec<u32> = (0..count).collect();
        let targets: Vec<u32> = (0..count).map(|node| (node + 1) % count).collect();
        let out = Adjacency::of(&sources, &targets, count as usize);
        let found = strong(&targets, &out);
        assert!(found.as_primitive::<Int64Type>().values().iter().all(|number| *number == 0));
    }
}
