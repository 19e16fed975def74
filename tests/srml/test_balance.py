"""Pins alpha and beta: what each rule makes of a step's tokens and losses, and how theta moves."""

import math

import pytest
import torch

from funreason_trl.srml.balance import Balance, logit, mean_losses, sigmoid
from tests.srml.training import config


def balance(**fields) -> Balance:
    return Balance(config(**fields))


@pytest.mark.parametrize(
    ("fields", "tokens", "alpha", "beta"),
    [
        ({"balance": "fixed", "think_weight": 0.3, "result_weight": 0.8}, (10, 5), 0.3, 0.8),
        ({"balance": "fixed", "think_weight": 0.3, "result_weight": 0.8}, (0, 5), 0.3, 0.8),
        ({"balance": "learned", "alpha_init": 0.4}, (10, 5), 0.4, 0.6),
        ({"balance": "token"}, (9, 3), 0.75, 0.25),
        ({"balance": "token"}, (0, 3), 0.0, 1.0),
        ({"balance": "token"}, (0, 0), 0.0, 0.0),
    ],
)
def test_weights_of_each_rule(fields, tokens, alpha, beta):
    assert balance(**fields).weights(*tokens) == pytest.approx((alpha, beta))


@pytest.mark.parametrize("tokens", [(9, 3), (0, 3), (9, 0), (0, 0), (2_000_000_000, 1)])
@pytest.mark.parametrize(
    "fields",
    [
        {"balance": "fixed", "think_weight": 0.3, "result_weight": 0.8},
        {"balance": "fixed", "think_weight": 0, "result_weight": 1},
        {"balance": "learned", "alpha_init": 0.4},
    ],
)
def test_the_mean_over_weighed_tokens_is_the_weighted_sum_of_means(fields, tokens):
    rule = balance(**fields)
    none, think, result = rule.token_weights(torch.tensor(tokens)).tolist()
    assert none == 0
    for weight, token_weight, count in zip(rule.weights(*tokens), (think, result), tokens, strict=True):
        if count:
            assert token_weight * count / sum(tokens) == pytest.approx(weight)


def test_token_weights_of_plain_sft_are_exactly_one():
    assert balance(balance="token").token_weights(torch.tensor([9, 3])).tolist() == [0, 1, 1]


def test_theta_follows_the_derivative_of_the_loss():
    rule = balance(balance="learned", alpha_init=0.3, alpha_learning_rate=0.1)
    theta = torch.tensor(rule.theta, dtype=torch.float64, requires_grad=True)
    think_loss, result_loss = 2.0, 0.5
    loss = theta.sigmoid() * think_loss + (1 - theta.sigmoid()) * result_loss
    loss.backward()

    rule.learn(think_loss, result_loss)

    assert rule.theta == pytest.approx((theta - 0.1 * theta.grad).item(), rel=1e-12)


@pytest.mark.parametrize(("losses", "bound"), [((9.0, 0.1), 0.2), ((0.1, 9.0), 0.7)])
def test_alpha_stops_at_its_bounds(losses, bound):
    rule = balance(balance="learned", alpha_min=0.2, alpha_max=0.7, alpha_learning_rate=1.0)
    for _ in range(100):
        rule.learn(*losses)
    assert sigmoid(rule.theta) == pytest.approx(bound, rel=1e-12)


@pytest.mark.parametrize("losses", [(None, 1.0), (1.0, None), (None, None), (math.inf, 1.0), (1.0, math.nan)])
def test_a_step_without_two_finite_losses_leaves_theta(losses):
    rule = balance(balance="learned", alpha_init=0.3, alpha_learning_rate=10.0)
    rule.learn(*losses)
    assert rule.theta == logit(0.3)


@pytest.mark.parametrize("name", ["fixed", "token"])
def test_only_a_learned_balance_learns(name):
    rule = balance(balance=name)
    rule.learn(5.0, 0.1)
    assert rule.theta == logit(0.5)


def test_mean_losses_of_a_missing_segment_are_none():
    assert mean_losses([6.0, 0.0], [3, 0]) == [2.0, None]
